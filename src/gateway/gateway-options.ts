import type { CertificateInfo } from '../certificates.js';
import { checkMethods, optionsCheck } from '../check-options.js';
import { CfluxError } from '../errors.js';
import type { InfluxMirror } from '../influxdb/influx-mirror.js';
import type { HashPassword } from '../influxql/execute/prepare-statements.js';
import type { MetaClient } from '../meta/meta-client.js';
import type { MetaData } from '../meta/records.js';
import type { TlsSources } from '../tls-credentials.js';
import { anything, func, number, object, text } from '../value-kinds.js';
import type { WriterLimits } from './statements/cluster-writer.js';

/** The part of a CfluxClient that a gateway uses. */
export interface GatewayClient {
  readonly status: { readonly version: number };
  /** The cluster's metadata as this node has it. */
  data(): MetaData | PromiseLike<MetaData>;
  /** As of CfluxClient. */
  mutate<T>(
    operation: (meta: MetaClient) => T | Promise<T>,
    options: { readonly timeout: number },
  ): Promise<T>;
  /** As of CfluxClient. */
  refresh(options: { readonly timeout: number }): Promise<number>;
}

/** Options of {@link createGateway}. Times are in milliseconds. */
export interface GatewayOptions {
  /** The client of the cluster, a CfluxClient of a LocalMetaClient. */
  readonly client: GatewayClient;
  /** The mirror of the server that the gateway stands before; it must follow `client`. */
  readonly mirror: InfluxMirror;
  /** Address to listen on. Default: `127.0.0.1`. */
  readonly host?: string;
  /** Port to listen on. Default: 8086; 0 selects a free one. */
  readonly port?: number;
  /** `cert` and `key` in PEM: serves https. A function is called every second: new connections use what it returns. */
  readonly tls?: TlsSources;
  /** Time for the manager to decide about a statement. Default: 3000. */
  readonly managerTimeout?: number;
  /** Time for a statement on the cluster and on the server; telegraf waits for 5 seconds. Default: 4500. */
  readonly statementTimeout?: number;
  /** Hashes passwords. Default: bcrypt with cost 10. */
  readonly hashPassword?: HashPassword;
  /** Receives the reason when certificates cannot be reloaded, and warnings before one expires. Default: `process.emitWarning`. */
  readonly warn?: (message: string) => void;
  /** Called with the certificates in use, at the start and after each reload. */
  readonly onLoad?: (certificates: readonly CertificateInfo[]) => void;
}

/** The options with defaults filled in. */
export interface GatewaySettings {
  readonly client: GatewayClient;
  readonly mirror: InfluxMirror;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSources | undefined;
  readonly limits: WriterLimits;
  readonly hashPassword: HashPassword | undefined;
  readonly warn: (message: string) => void;
  readonly onLoad: ((certificates: readonly CertificateInfo[]) => void) | undefined;
}

const checkOptions = optionsCheck<GatewayOptions>('createGateway', {
  client: anything,
  mirror: anything,
  host: text,
  port: number,
  tls: object,
  managerTimeout: number,
  statementTimeout: number,
  hashPassword: func,
  warn: func,
  onLoad: func,
});

export function resolveGatewayOptions(options: GatewayOptions): GatewaySettings {
  checkOptions(options);
  checkMethods('client of createGateway', options.client, ['data', 'mutate', 'refresh']);
  checkMethods('mirror of createGateway', options.mirror, ['carryOut', 'catchUp', 'hasDatabase']);
  const { client, mirror, host = '127.0.0.1', port = 8086, tls, hashPassword, onLoad } = options;
  const { managerTimeout = 3_000, statementTimeout = 4_500 } = options;
  for (const [name, value] of Object.entries({ managerTimeout, statementTimeout })) {
    if (!(value > 0))
      throw new CfluxError('INVALID_OPTION', `option ${name} of createGateway: ${value} is not above 0`);
  }
  return {
    client,
    mirror,
    host,
    port,
    tls,
    limits: { manager: managerTimeout, all: statementTimeout },
    hashPassword,
    warn: options.warn ?? ((message) => process.emitWarning(message)),
    onLoad,
  };
}
