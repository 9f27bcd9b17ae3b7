import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CertificateInfo } from '../certificates.js';
import { CfluxClient } from '../client/cflux-client.js';
import type { CfluxOptions } from '../client/config/options.js';
import type { ObservedClient } from '../client/observe/client-metrics.js';
import type { Clock } from '../clock.js';
import { type CfluxError, isCfluxError } from '../errors.js';
import { privateDirectory } from '../file-access.js';
import { InfluxMirror } from '../influxdb/influx-mirror.js';
import type { InfluxMirrorOptions } from '../influxdb/mirror-options.js';
import type { Report } from '../influxdb/report.js';
import { LocalMetaClient } from '../meta/local-meta-client.js';
import type { TlsOptions } from '../transport/http-options.js';
import { clientLogger } from './agent-client-log.js';
import { AgentImport } from './agent-import.js';
import type { AgentLog } from './agent-log.js';
import { AgentReporter, findingsOf, type ReportContent } from './agent-reporter.js';
import { statementsOf } from './plan-text.js';
import { ReportLog } from './report-log.js';

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
}

/** The health of an agent. */
export interface AgentHealth {
  /** Whether the manager responds and the server is in sync, except for findings. */
  readonly healthy: boolean;
  readonly client: CfluxClient<LocalMetaClient>['status'];
  readonly server: {
    readonly url: string;
    /** The error that ended the last convergence; absent if it completed. */
    readonly error?: string;
    /** Milliseconds since 1970. */
    readonly lastConvergedAt?: number;
  };
  readonly report?: Report;
}

/** Codes of errors of a server that does not respond. */
const silent: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMEOUT']);

/** One node of a cluster beside an InfluxDB 1.x server: keeps the metadata in sync with the manager, and the server with the metadata. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #log: AgentLog;
  readonly #client: CfluxClient<LocalMetaClient>;
  readonly #mirror: InfluxMirror;
  readonly #reports: ReportLog;
  readonly #import: AgentImport;
  readonly #reporter: AgentReporter;
  #appliedVersion = 0;
  #serverError: CfluxError | undefined;
  readonly #certificates = new Map<string, readonly CertificateInfo[]>();
  #lastConvergedAt: number | undefined;
  #counts = { done: 0, refused: 0, converged: 0, failed: 0 };

  constructor(options: AgentOptions, log: AgentLog) {
    this.#options = options;
    this.#log = log;
    this.#reports = new ReportLog(log);
    const { dir, client, influx } = options;
    // Use a separate directory, because InfluxDB's `meta` may be below the same parent.
    const meta = new LocalMetaClient({ dir: join(dir, 'cluster') });
    this.#client = new CfluxClient(meta, {
      ...client,
      ...this.#reportedTls('manager', client.tls),
      dir,
      startOffline: true,
      logger: clientLogger(log),
    });
    this.#mirror = new InfluxMirror({ ...influx, ...this.#reportedTls('influxdb', influx.tls), dir });
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
    this.#logMirror();
  }

  /** Joins the cluster and starts to follow it; retries while the manager or the server cannot be reached. */
  async start(): Promise<void> {
    await mkdir(join(this.#options.dir, 'cluster'), { recursive: true, mode: privateDirectory });
    // Subscribed before the client opens: the mirror needs the events of opening, such as another history.
    this.#mirror.follow(this.#client);
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

  /** The client, for its metrics. */
  get client(): ObservedClient {
    return this.#client;
  }

  get health(): AgentHealth {
    const { status } = this.#client;
    const report = this.#mirror.lastReport;
    const error = this.#serverError?.message;
    return {
      healthy: status.state === 'online' && error === undefined && report !== undefined,
      client: status,
      server: {
        url: this.#mirror.url,
        ...(error === undefined ? {} : { error }),
        ...(this.#lastConvergedAt === undefined ? {} : { lastConvergedAt: this.#lastConvergedAt }),
      },
      ...(report === undefined ? {} : { report }),
    };
  }

  /** How often each event happened since the start. */
  get counts(): Readonly<{ done: number; refused: number; converged: number; failed: number }> {
    return this.#counts;
  }

  /** Stops following, waits for the change under way, and leaves the cluster until the next start. */
  async close(): Promise<void> {
    this.#reporter.close();
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
    const error = this.#serverError;
    if (report === undefined && error === undefined) return undefined;
    const version = this.#mirror.serverVersion;
    return {
      version: this.#appliedVersion,
      influxdb: {
        reachable: error === undefined || !silent.has(error.code),
        ...(version === undefined ? {} : { version }),
        ...(error === undefined ? {} : { error: error.message }),
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

  #logMirror(): void {
    this.#mirror.on('step', ({ step, refusal }) => {
      this.#counts[refusal === undefined ? 'done' : 'refused'] += 1;
      // A refused step is retried at each convergence; the report logs it once.
      if (refusal !== undefined) return;
      const statement = statementsOf(step);
      this.#log.notify('done', `done      ${statement}  (${step.reason})`, { item: step.item, statement });
    });
    this.#mirror.on('report', (report) => {
      this.#counts.converged += 1;
      this.#lastConvergedAt = this.#options.clock.now();
      if (this.#serverError) this.#log.notify('recovered', `InfluxDB at ${report.server} is available again`);
      this.#serverError = undefined;
      if (report.unfinished !== true) this.#appliedVersion = this.#client.status.version;
      this.#reporter.changed();
      this.#import.consider(report, this.#logReport);
    });
    this.#mirror.on('failed', ({ error, failures }) => {
      this.#counts.failed += 1;
      if (failures === 1 || error.message !== this.#serverError?.message) {
        this.#log.notify('failed', `${error.message}; retrying`, { code: error.code });
      }
      this.#serverError = error;
      this.#reporter.changed();
    });
  }
}
