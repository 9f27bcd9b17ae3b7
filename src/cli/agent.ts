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
import { ReportTeller } from './agent-report.js';
import { statementsOf } from './plan-text.js';

export interface AgentOptions {
  /** Directory of the agent's own copy of the metadata, of its record, backups and ledger. */
  readonly dir: string;
  readonly client: CfluxOptions;
  readonly influx: InfluxMirrorOptions;
  /** Adds to the cluster what is only on this server, now and whenever there is something. */
  readonly import: boolean;
  /** The operator's word where the manager holds another cluster's metadata. */
  readonly onForeign: 'wait' | 'adopt' | 'reseed';
  readonly clock: Clock;
}

/** How an agent is. */
export interface AgentHealth {
  /** The manager answers, and the server is in step as far as it can be. */
  readonly healthy: boolean;
  readonly client: CfluxClient<LocalMetaClient>['status'];
  readonly server: {
    readonly url: string;
    /** What the last convergence broke off with; absent when the last one ended. */
    readonly error?: string;
    /** Milliseconds since 1970. */
    readonly lastConvergedAt?: number;
  };
  readonly report?: Report;
}

/** One node of a cluster beside an InfluxDB 1.x server: keeps the metadata in step with the manager, and the server with it. */
export class Agent {
  readonly #options: AgentOptions;
  readonly #log: AgentLog;
  readonly #client: CfluxClient<LocalMetaClient>;
  readonly #mirror: InfluxMirror;
  readonly #reports: ReportTeller;
  readonly #import: AgentImport;
  #serverError: CfluxError | undefined;
  readonly #certificates = new Map<string, readonly CertificateInfo[]>();
  #lastConvergedAt: number | undefined;
  #counts = { done: 0, refused: 0, converged: 0, failed: 0 };

  constructor(options: AgentOptions, log: AgentLog) {
    this.#options = options;
    this.#log = log;
    this.#reports = new ReportTeller(log);
    const { dir, client, influx } = options;
    // A directory of its own: InfluxDB's `meta` may be below the same parent.
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
    this.#logMirror();
  }

  /** Joins the cluster and begins to follow it; without a manager or a server it goes on trying. */
  async start(): Promise<void> {
    await mkdir(join(this.#options.dir, 'cluster'), { recursive: true, mode: privateDirectory });
    // Before the client is opened: what it meets there, another history for one, is news for the mirror.
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

  /** Certificates that it trusts or shows, of the connections to the manager and to InfluxDB. */
  get certificates(): readonly CertificateInfo[] {
    return [...this.#certificates.values()].flat();
  }

  /** For its figures. */
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

  /** How often what happened since the start. */
  get counts(): Readonly<{ done: number; refused: number; converged: number; failed: number }> {
    return this.#counts;
  }

  /** Stops following, lets the change under way end, and leaves the cluster until the next start. */
  async close(): Promise<void> {
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
      const text = `${error.message}. Nothing is followed: start the agent once with --adopt to take the manager's metadata, or with --reseed to give it this node's`;
      this.#log.notify('foreign', text);
    }
  }

  readonly #logReport = (report: Report): void => {
    this.#reports.notify(report);
  };

  #logMirror(): void {
    this.#mirror.on('step', ({ step, refusal }) => {
      this.#counts[refusal === undefined ? 'done' : 'refused'] += 1;
      // A refusal is tried at each convergence; the report tells of it once.
      if (refusal !== undefined) return;
      const statement = statementsOf(step);
      this.#log.notify('done', `done      ${statement}  (${step.reason})`, { item: step.item, statement });
    });
    this.#mirror.on('report', (report) => {
      this.#counts.converged += 1;
      this.#lastConvergedAt = this.#options.clock.now();
      if (this.#serverError) this.#log.notify('recovered', `InfluxDB at ${report.server} can be used again`);
      this.#serverError = undefined;
      this.#import.consider(report, this.#logReport);
    });
    this.#mirror.on('failed', ({ error, failures }) => {
      this.#counts.failed += 1;
      if (failures === 1 || error.message !== this.#serverError?.message) {
        this.#log.notify('failed', `${error.message}; trying again`, { code: error.code });
      }
      this.#serverError = error;
    });
  }
}
