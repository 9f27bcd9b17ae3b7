import { pause } from '../../async/sleep.js';
import type { CfluxClient } from '../../client/cflux-client.js';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import type { Report } from '../../influxdb/converge/report.js';
import { type ImportOptions, importUnmanaged } from '../../influxdb/import-unmanaged.js';
import type { InfluxMirror } from '../../influxdb/influx-mirror.js';
import { describeItem } from '../../influxdb/statements/item.js';
import type { LocalMetaClient } from '../../meta/local-meta-client.js';
import type { AgentLog } from './agent-log.js';

/** Milliseconds between two attempts of the first import. */
const retryInterval = 2_000;

export interface AgentImportParts {
  readonly client: CfluxClient<LocalMetaClient>;
  readonly mirror: InfluxMirror;
  readonly log: AgentLog;
  readonly clock: Clock;
  /** Whether to add unmanaged items whenever there are any. If false, only an empty cluster is seeded, once. */
  readonly always: boolean;
}

/** Imports items that exist only on the agent's server into the cluster, if configured. */
export class AgentImport {
  readonly #parts: AgentImportParts;
  readonly #ended = new AbortController();
  #work: Promise<unknown> = Promise.resolve();
  #isSettled = false;
  #lastFailure: string | undefined;
  /** Users whose missing hash was logged. */
  readonly #withoutHash = new Set<string>();

  constructor(parts: AgentImportParts) {
    this.#parts = parts;
  }

  /** Imports once the node has joined; calls `onNothing` if there was nothing to import. */
  start(onNothing: () => void): void {
    this.#work = this.#first().then((added) => {
      this.#isSettled = true;
      // The import makes a version of the cluster, and each version leads to a report.
      if (added === 0) onNothing();
    });
  }

  /** Passes `report`, with its unmanaged items, to `notify` once it is known whether they stay unmanaged. */
  consider(report: Report, notify: (report: Report) => void): void {
    if (!this.#isSettled) return;
    if (!this.#parts.always || report.unmanaged.length === 0) {
      notify(report);
      return;
    }
    // Something was created on this server.
    this.#work = this.#work.then(async () => {
      const added = await this.#import({}).catch((error: unknown) => this.#logFailure(error));
      if (added === 0) notify(report);
    });
  }

  /** Starts no further import. Resolves when the import under way has ended, so that mirror and client can be closed next. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.#work;
  }

  /** Returns how many items were added; `undefined` if the agent was closed. */
  async #first(): Promise<number | undefined> {
    const { client, clock, always } = this.#parts;
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        await client.waitForVersion(1, { signal });
        return await this.#import({ ifEmpty: !always });
      } catch (error) {
        this.#logFailure(error);
      }
      await pause(clock, retryInterval, signal);
    }
    return undefined;
  }

  /** Returns how many items were added. */
  async #import(options: ImportOptions): Promise<number> {
    const { client, mirror, log } = this.#parts;
    const { added, withoutHash } = await importUnmanaged(mirror, client, options);
    for (const item of added)
      log.notify('imported', `imported  ${describeItem(item)} into the cluster`, { item });
    for (const user of withoutHash) {
      // Logged once, because every convergence tries again.
      if (this.#withoutHash.has(user)) continue;
      this.#withoutHash.add(user);
      const text = `cannot import user ${JSON.stringify(user)}: its password hash is unknown without the snapshot port; set --snapshot host:port`;
      log.notify('notImported', text, { user });
    }
    return added.length;
  }

  #logFailure(error: unknown): void {
    const text = `cannot import yet: ${CfluxError.from(error).message}; retrying`;
    // Logged once for each reason, however many attempts fail.
    if (this.#ended.signal.aborted || text === this.#lastFailure) return;
    this.#lastFailure = text;
    this.#parts.log.notify('importFailed', text);
  }
}
