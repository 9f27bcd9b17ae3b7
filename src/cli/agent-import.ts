import { pause } from '../async/sleep.js';
import type { CfluxClient } from '../client/cflux-client.js';
import type { Clock } from '../clock.js';
import { CfluxError } from '../errors.js';
import { type ImportOptions, importUnmanaged } from '../influxdb/import-unmanaged.js';
import type { InfluxMirror } from '../influxdb/influx-mirror.js';
import { describeItem } from '../influxdb/item.js';
import type { Report } from '../influxdb/report.js';
import type { LocalMetaClient } from '../meta/local-meta-client.js';
import type { AgentLog } from './agent-log.js';

/** Milliseconds between two tries of the first import. */
const retryInterval = 2_000;

export interface AgentImportParts {
  readonly client: CfluxClient<LocalMetaClient>;
  readonly mirror: InfluxMirror;
  readonly log: AgentLog;
  readonly clock: Clock;
  /** Adds whatever is unmanaged, whenever there is something; else only an empty cluster is seeded, once. */
  readonly always: boolean;
}

/** Brings into the cluster what is only on the agent's server, where that is wanted. */
export class AgentImport {
  readonly #parts: AgentImportParts;
  readonly #ended = new AbortController();
  #work: Promise<unknown> = Promise.resolve();
  #isSettled = false;
  #lastFailure: string | undefined;

  constructor(parts: AgentImportParts) {
    this.#parts = parts;
  }

  /** Imports once the node has joined; `onNothing` is called where there was nothing to import. */
  start(onNothing: () => void): void {
    this.#work = this.#first().then((added) => {
      this.#isSettled = true;
      // What was imported makes a version of the cluster, and so a report.
      if (added === 0) onNothing();
    });
  }

  /** What is unmanaged is told by `tell`, once it is known whether it shall stay so. */
  consider(report: Report, notify: (report: Report) => void): void {
    if (!this.#isSettled) return;
    if (!this.#parts.always || report.unmanaged.length === 0) {
      notify(report);
      return;
    }
    // Somebody made something on this server.
    this.#work = this.#work.then(async () => {
      const added = await this.#import({}).catch((error: unknown) => this.#logFailure(error));
      if (added === 0) notify(report);
    });
  }

  /** Begins nothing more; resolves when mirror and client, to be closed next, have let go of what is under way. */
  async close(): Promise<void> {
    this.#ended.abort();
    await this.#work;
  }

  /** How many things were added; `undefined` at the end of the agent. */
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

  /** How many things were added. */
  async #import(options: ImportOptions): Promise<number> {
    const { client, mirror, log } = this.#parts;
    const { added, withoutHash } = await importUnmanaged(mirror, client, options);
    for (const item of added)
      log.notify('imported', `imported  ${describeItem(item)} into the cluster`, { item });
    for (const user of withoutHash) {
      const text = `not imported: user ${JSON.stringify(user)}, for the snapshot port does not tell its password hash`;
      log.notify('notImported', text, { user });
    }
    return added.length;
  }

  #logFailure(error: unknown): void {
    const text = `cannot import yet: ${CfluxError.from(error).message}; trying again`;
    // Once for each reason, however often it is tried.
    if (this.#ended.signal.aborted || text === this.#lastFailure) return;
    this.#lastFailure = text;
    this.#parts.log.notify('importFailed', text);
  }
}
