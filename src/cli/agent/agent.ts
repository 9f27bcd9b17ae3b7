import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateInfo } from '../../certificates.js';
import { CfluxClient } from '../../client/cflux-client.js';
import type { CfluxOptions } from '../../client/config/options.js';
import type { ObservedClient } from '../../client/observe/client-metrics.js';
import type { CfluxState } from '../../client/observe/status.js';
import type { Clock } from '../../clock.js';
import { type CfluxError, isCfluxError } from '../../errors.js';
import { privateDirectory } from '../../file-access.js';
import type { InfluxMirrorOptions } from '../../influxdb/converge/mirror-options.js';
import type { Report } from '../../influxdb/converge/report.js';
import { InfluxMirror } from '../../influxdb/influx-mirror.js';
import { LocalMetaClient } from '../../meta/local-meta-client.js';
import { heartbeatInterval } from '../../protocol/times.js';
import type { TlsOptions } from '../../transport/http-options.js';
import { clientLogger } from './agent-client-log.js';
import { expectOwnDirectory } from './agent-directory.js';
import { AgentGateway, type AgentGatewayOptions } from './agent-gateway.js';
import { AgentImport } from './agent-import.js';
import type { AgentLog } from './agent-log.js';
import { AgentReporter, findingsOf, type ReportContent } from './agent-reporter.js';
import { ReportLog } from './report-log.js';
import { type EventCounts, ServerState } from './server-state.js';
import { SharedServer } from './shared-server.js';

export interface AgentOptions {
  /** Directory for the agent's copy of the metadata, its record, backups and ledger. */
  readonly dir: string;
  readonly client: CfluxOptions;
  readonly influx: InfluxMirrorOptions;
  /** Whether to add items that exist only on this server to the cluster, now and later. */
  readonly import: boolean;
  /** The operator's decision for when the manager has another cluster's metadata. */
  readonly onForeign: 'wait' | 'adopt' | 'reseed';
  readonly clock: Clock;
  /** Where the gateway listens; no gateway without it. */
  readonly gateway?: AgentGatewayOptions;
}

/** The health of an agent. */
export interface AgentHealth {
  /** Whether the manager responds and the server is in sync, except for findings. */
  readonly healthy: boolean;
  readonly client: CfluxClient<LocalMetaClient>['status'];
  /** Why it is not healthy; absent if it is. */
  readonly reason?: string;
  readonly server: {
    readonly url: string;
    /** Whether a server responds that can be used. */
    readonly reachable: boolean;
    /** Why the server is not available, or the error that ended the last convergence; absent if neither. */
    readonly error?: string;
    /** Milliseconds since 1970. */
    readonly lastConvergedAt?: number;
  };
  readonly report?: Report;
  /** Absent without a gateway; without `url` before it listens. */
  readonly gateway?: { readonly url?: string };
}

/** One node of a cluster beside an InfluxDB 1.x server: keeps the metadata in sync with the manager, and the server with the metadata. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #log: AgentLog;
  readonly #client: CfluxClient<LocalMetaClient>;
  readonly #mirror: InfluxMirror;
  readonly #reports: ReportLog;
  readonly #import: AgentImport;
  readonly #reporter: AgentReporter;
  readonly #gateway: AgentGateway | undefined;
  readonly #shared: SharedServer;
  #appliedVersion = 0;
  readonly #server: ServerState;
  readonly #certificates = new Map<string, readonly CertificateInfo[]>();

  constructor(options: AgentOptions, log: AgentLog) {
    this.#options = options;
    this.#log = log;
    const { dir, client, influx } = options;
    this.#reports = new ReportLog(log, dir);
    // Use a separate directory, because InfluxDB's `meta` may be below the same parent.
    const meta = new LocalMetaClient({ dir: join(dir, 'cluster') });
    this.#client = new CfluxClient(meta, {
      bindAddress: serverAddress(influx.url),
      ...client,
      ...this.#reportedTls('manager', client.tls),
      dir,
      startOffline: true,
      logger: clientLogger(log),
    });
    this.#mirror = new InfluxMirror({ ...influx, ...this.#reportedTls('influxdb', influx.tls), dir });
    this.#server = new ServerState(this.#mirror, { clock: options.clock, log });
    this.#import = new AgentImport({
      client: this.#client,
      mirror: this.#mirror,
      log,
      clock: options.clock,
      always: options.import,
    });
    this.#reporter = new AgentReporter(this.#client, {
      content: () => this.#reportContent,
      clock: options.clock,
      log,
    });
    this.#client.on('registered', () => this.#reporter.forgotten());
    this.#shared = new SharedServer({
      client: this.#client,
      process: (signal) => this.#mirror.serverProcess(signal),
      lookAfter: 2 * (client.heartbeatInterval ?? heartbeatInterval),
      clock: options.clock,
      log,
      onKnown: () => this.#reporter.changed(),
    });
    const { gateway } = options;
    if (gateway !== undefined) {
      const onLoad = (certificates: readonly CertificateInfo[]) =>
        this.#certificates.set('gateway', certificates);
      const [client, mirror] = [this.#client, this.#mirror];
      this.#gateway = new AgentGateway({ ...gateway, client, mirror, onLoad }, log);
    }
    this.#listen();
  }

  /** Joins the cluster and starts to follow it; retries while the manager or the server cannot be reached. */
  async start(): Promise<void> {
    await expectOwnDirectory(this.#options.dir);
    await mkdir(join(this.#options.dir, 'cluster'), { recursive: true, mode: privateDirectory });
    this.#mirror.watch();
    // Subscribed before the client opens: the mirror needs the events of opening, such as another history.
    this.#mirror.follow(this.#client);
    // Before the manager responds: writes and queries do not need it.
    await this.#gateway?.start();
    try {
      await this.#client.open();
    } catch (error) {
      if (!isCfluxError(error, 'FOREIGN_CLUSTER')) throw error;
      await this.#settleForeign(error);
    }
    this.#import.start(() => {
      if (this.#mirror.lastReport) this.#import.consider(this.#mirror.lastReport, this.#logReport);
    });
  }

  /** Certificates of the connections to the manager and to InfluxDB: trusted authorities and own certificates. */
  get certificates(): readonly CertificateInfo[] {
    return [...this.#certificates.values()].flat();
  }

  /** The gateway, for its metrics; `undefined` without one. */
  get gateway(): AgentGateway | undefined {
    return this.#gateway;
  }

  /** The client, for its metrics. */
  get client(): ObservedClient {
    return this.#client;
  }

  get health(): AgentHealth {
    const { status } = this.#client;
    const report = this.#mirror.lastReport;
    const error = this.#server.error?.message;
    const { isReachable, lastConvergedAt } = this.#server;
    const reason = error ?? whyUnhealthy(status.state, report);
    const gateway = this.#gateway;
    return {
      healthy: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      client: status,
      server: {
        url: this.#mirror.url,
        reachable: isReachable,
        ...(error === undefined ? {} : { error }),
        ...(lastConvergedAt === undefined ? {} : { lastConvergedAt }),
      },
      ...(report === undefined ? {} : { report }),
      ...(gateway === undefined ? {} : { gateway: gateway.url === undefined ? {} : { url: gateway.url } }),
    };
  }

  get counts(): EventCounts {
    return this.#server.counts;
  }

  /** Stops following, waits for the change under way, and leaves the cluster until the next start. */
  async close(): Promise<void> {
    // First, because its requests need the client and the mirror.
    await this.#gateway?.close();
    this.#reporter.close();
    await this.#shared.close();
    const imported = this.#import.close();
    await this.#mirror.close();
    await this.#client.close();
    await imported;
  }

  #reportedTls(peer: string, tls: TlsOptions | undefined): { readonly tls?: TlsOptions } {
    if (tls === undefined) return {};
    const warn = (message: string) => this.#log.notify('certificate', `${peer}: ${message}`, { peer });
    const onLoad = (certificates: readonly CertificateInfo[]) => {
      this.#certificates.set(peer, certificates);
    };
    return { tls: { ...tls, warn, onLoad } };
  }

  async #settleForeign(error: CfluxError): Promise<void> {
    const { onForeign } = this.#options;
    if (onForeign === 'adopt') await this.#client.adopt();
    else if (onForeign === 'reseed') await this.#client.reseed();
    else {
      const text = `${error.message}; start the agent once with --adopt to take its metadata, or with --reseed to replace it`;
      this.#log.notify('foreign', text);
    }
  }

  get #reportContent(): ReportContent | undefined {
    const report = this.#mirror.lastReport;
    const { error, isReachable } = this.#server;
    if (report === undefined && error === undefined) return undefined;
    const version = this.#mirror.serverVersion;
    return {
      version: this.#appliedVersion,
      influxdb: {
        reachable: isReachable,
        ...(version === undefined ? {} : { version }),
        ...(error === undefined ? {} : { error: error.message }),
        ...(report?.snapshotFailure === undefined ? {} : { snapshotError: report.snapshotFailure.reason }),
        ...(this.#shared.process === undefined ? {} : { process: this.#shared.process }),
      },
      drops: this.#options.influx.drops === 'apply',
      inSync: report?.inSync ?? 0,
      pending: report?.pending.length ?? 0,
      refused: report?.refused.length ?? 0,
      unmanaged: report?.unmanaged.length ?? 0,
      unverified: report?.unverified.length ?? 0,
      findings: report === undefined ? [] : findingsOf(report),
    };
  }

  readonly #logReport = (report: Report): void => {
    this.#reports.notify(report);
  };

  /** After the state of the server has changed, because its listeners were added first. */
  #listen(): void {
    const changed = () => this.#reporter.changed();
    this.#mirror.once('report', () => this.#shared.serverFound());
    this.#mirror.on('report', (report) => {
      if (report.unfinished !== true) this.#appliedVersion = this.#client.status.version;
      changed();
      this.#import.consider(report, this.#logReport);
    });
    this.#mirror.on('failed', changed);
    this.#mirror.on('serverDown', changed);
    this.#mirror.on('serverUp', () => {
      this.#shared.serverFound();
      changed();
    });
  }
}

/** Returns host and port of a server, which distinguish several agents on one machine. The mirror checks the URL. */
function serverAddress(url: string): string {
  if (!URL.canParse(url)) return url;
  const { host, port, protocol } = new URL(url);
  return port === '' ? `${host}:${protocol === 'https:' ? 443 : 80}` : host;
}

/** Returns why an agent without an error of its server is not healthy. */
function whyUnhealthy(state: CfluxState, report: Report | undefined): string | undefined {
  if (state === 'created' || state === 'opening' || state === 'offline')
    return `the manager is not connected (the client is ${state}); retrying`;
  if (state === 'foreignCluster') return "the manager has another cluster's metadata; see the log";
  if (state !== 'online') return `the client is ${state}`;
  return report === undefined ? 'the server is not in sync yet: no convergence has completed' : undefined;
}
