import type { CertificateInfo } from '../certificates.js';
import { checkMethods, optionsCheck } from '../check-options.js';
import { CfluxError } from '../errors.js';
import type { InfluxMirror } from '../influxdb/influx-mirror.js';
import type { HashPassword } from '../influxql/execute/prepare-statements.js';
import type { MutationTarget } from '../influxql/execute/run-statements.js';
import type { MetaClient } from '../meta/meta-client.js';
import type { MetaData } from '../meta/records.js';
import type { TlsSources } from '../tls-credentials.js';
import { anything, either, flag, func, listOf, number, object, oneOf, text } from '../value-kinds.js';
import type { SecretSource } from './credentials/login-judge.js';
import type { MadeOrder, WriterLimits } from './statements/cluster-writer.js';
import type { NodesWaiter } from './statements/wait-for-all.js';

/** The part of a CfluxClient that a gateway uses. */
export interface GatewayClient {
  readonly status: { readonly version: number; readonly state: string };
  /** The cluster's metadata as this node has it. */
  data(): MetaData | PromiseLike<MetaData>;
  /** As of CfluxClient. Without `tools`, a DROP is no drop order. */
  mutate<T>(
    operation: (meta: MetaClient, tools?: MutationTarget) => T | Promise<T>,
    options: { readonly timeout: number; readonly onDropOrders?: (order: MadeOrder) => void },
  ): Promise<T>;
  /** As of CfluxClient. */
  refresh(options: { readonly timeout: number }): Promise<number>;
  /** As of CfluxClient. Needed only for `wait: 'all'`. */
  waitForNodes?(
    version: number,
    options: { readonly timeout: number; readonly seen: number },
  ): Promise<unknown>;
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
  /** Time for a statement on the cluster and on the server, and for a user to reach the server at a login; telegraf waits for 5 seconds. Default: 4500. */
  readonly statementTimeout?: number;
  /**
   * When a statement is done: when the gateway's own server has the change (`own`, the default), or when the servers of all nodes have it
   * from which the manager heard within 6 seconds (`all`). A result then names the nodes that do not have it within `statementTimeout`.
   */
  readonly wait?: 'own' | 'all';
  /**
   * The `shared-secret` of the server, to verify JSON Web Tokens, if the server requires authentication; a function is called again with a
   * secret that signatures do not match. Default: none; such tokens are refused.
   */
  readonly jwtSecret?: SecretSource;
  /** Whether to refuse statements for the cluster that a browser sends for a web page of another origin. Default: false, as the server. */
  readonly refuseBrowsers?: boolean;
  /** With `refuseBrowsers`, further host names of a gateway on loopback before a server without authentication. Default: none. */
  readonly hostNames?: readonly string[];
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
  readonly nodes: NodesWaiter | undefined;
  readonly jwtSecret: SecretSource | undefined;
  readonly refuseBrowsers: boolean;
  readonly hostNames: readonly string[];
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
  wait: oneOf('own', 'all'),
  jwtSecret: either(text, func),
  refuseBrowsers: flag,
  hostNames: listOf(text),
  hashPassword: func,
  warn: func,
  onLoad: func,
});

export function resolveGatewayOptions(options: GatewayOptions): GatewaySettings {
  checkOptions(options);
  checkMethods('client of createGateway', options.client, ['data', 'mutate', 'refresh']);
  checkMethods('mirror of createGateway', options.mirror, [
    'apart',
    'carryOut',
    'catchUp',
    'found',
    'hasDatabase',
    'makeUser',
  ]);
  const { client, mirror, host = '127.0.0.1', port = 8086, tls, hashPassword, onLoad } = options;
  const { managerTimeout = 3_000, statementTimeout = 4_500, wait = 'own' } = options;
  if (wait === 'all') checkMethods('client of createGateway', client, ['waitForNodes']);
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
    nodes: wait === 'all' ? (client as NodesWaiter) : undefined,
    jwtSecret: options.jwtSecret,
    refuseBrowsers: options.refuseBrowsers ?? false,
    hostNames: options.hostNames ?? [],
    hashPassword,
    warn: options.warn ?? ((message) => process.emitWarning(message)),
    onLoad,
  };
}
