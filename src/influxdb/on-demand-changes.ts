import { sleep } from '../async/sleep.js';
import type { Clock } from '../clock.js';
import { CfluxError } from '../errors.js';
import { isJsonObject } from '../json-object.js';
import { findByName } from '../meta/named-list.js';
import type { MetaData } from '../meta/records.js';
import { type AcceptedChange, differsOnlyBy, findingOf } from './accepted-change.js';
import { internalDatabase } from './item.js';
import type { Origin } from './ledger.js';
import type { MetadataSource } from './metadata-source.js';
import type { Step } from './plan.js';
import type { Report } from './report.js';

/** What changes the server. All but `exclusively` are called within a turn. */
export interface OnDemandParts {
  readonly clock: Clock;
  /** Aborts when the mirror closes. */
  readonly closing: AbortSignal;
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** Brings the server in sync, apart from drops, and calls `begin` and `end`. */
  readonly converge: (data: MetaData, origin: Origin) => Promise<Report>;
  /** Makes one change without reading the server. Resolves with the reason if the server refused it. */
  readonly change: (
    step: Step,
    data: MetaData,
    origin: Origin,
    password?: string,
  ) => Promise<string | undefined>;
}

/** Metadata of the cluster that a server has, as far as it can. */
interface Applied {
  readonly data: MetaData;
  readonly epoch: string | undefined;
  readonly version: number | undefined;
}

/**
 * The changes of a server for which a caller waits: one that the cluster has just accepted, or all up to the newest metadata. It knows
 * which version the server has, so that a change directly above it is made alone.
 */
export class OnDemandChanges {
  readonly #parts: OnDemandParts;
  #source: MetadataSource | undefined;
  /** The last version that the followed client made, and the version directly below it. */
  #pushed: { readonly version: unknown; readonly previousVersion: unknown } | undefined;
  /** What the server was brought in sync with; `undefined` if that is not known. Changed only within a turn. */
  #applied: Applied | undefined;
  /** What the server was last brought in sync with; kept after a failure. */
  #known: MetaData | undefined;
  #lastReport: Report | undefined;
  /** Passwords of changes under way, by user. */
  readonly #given = new Map<string, string>();

  constructor(parts: OnDemandParts) {
    this.#parts = parts;
  }

  follow(source: MetadataSource): void {
    this.#source = source;
    source.on('pushed', this.#onPushed);
  }

  close(): void {
    this.#source?.off('pushed', this.#onPushed);
  }

  /** A convergence begins, or the server may have changed: its version is not known until a convergence ends. */
  begin(): void {
    this.#applied = undefined;
  }

  /** A convergence ended. */
  end(data: MetaData, origin: Origin, report: Report): void {
    if (report.unfinished !== true) this.#note(data, origin);
    this.#lastReport = report;
  }

  /** Returns the password of a change under way. */
  passwordOf(user: string): string | undefined {
    return this.#given.get(user);
  }

  /** Returns whether the server is known to have a database. */
  hasDatabase(name: string): boolean {
    if (name === internalDatabase) return true;
    if (this.#known !== undefined && findByName(this.#known.databases, name) !== undefined) return true;
    return (
      this.#lastReport?.unmanaged.some((item) => item.kind === 'database' && item.database === name) === true
    );
  }

  carryOut(change: AcceptedChange): Promise<string | undefined> {
    return this.#parts.exclusively(async () => {
      const { data, origin } = await this.#newest();
      const before = this.#applied?.epoch === origin.epoch ? this.#applied : undefined;
      const isNext =
        before?.version !== undefined &&
        this.#pushed?.version === origin.version &&
        this.#pushed?.previousVersion === before.version;
      const order = (): Promise<string | undefined> => this.#order(change, data, origin);
      if (isNext && differsOnlyBy(change, before.data, data)) {
        const refusal = await order();
        if (refusal === undefined) this.#note(data, origin);
        return refusal;
      }
      // What the cluster has again since then was created after the drop, and must not keep points of before.
      const isBehind = before?.version !== undefined && before.version < change.version;
      if (change.isDrop && isBehind && change.isIn(data)) {
        const refusal = await order();
        if (refusal !== undefined) return refusal;
      }
      if (before?.version !== origin.version) await this.#converge(data, origin, change);
      if (change.isDrop) return change.isIn(data) ? undefined : order();
      const finding = findingOf(this.#lastReport, change);
      if (finding === undefined) return undefined;
      return change.actionIn(data) === undefined ? finding.reason : order();
    });
  }

  catchUp(): Promise<void> {
    return this.#parts.exclusively(async () => {
      const { data, origin } = await this.#newest();
      if (this.#applied?.epoch === origin.epoch && this.#applied?.version === origin.version) return;
      await this.#parts.converge(data, origin);
    });
  }

  readonly #onPushed = (event: unknown): void => {
    if (!isJsonObject(event)) return;
    this.#pushed = { version: event['version'], previousVersion: event['previousVersion'] };
  };

  #note(data: MetaData, { epoch, version }: Origin): void {
    this.#applied = { data, epoch, version };
    this.#known = data;
  }

  async #converge(
    data: MetaData,
    origin: Origin,
    { items: [item], password }: AcceptedChange,
  ): Promise<void> {
    const user = item.kind === 'user' ? item.user : undefined;
    if (user !== undefined && password !== undefined) this.#given.set(user, password);
    try {
      await this.#parts.converge(data, origin);
    } finally {
      if (user !== undefined) this.#given.delete(user);
    }
  }

  async #order(change: AcceptedChange, data: MetaData, origin: Origin): Promise<string | undefined> {
    const action = change.actionIn(data);
    const [item] = change.items;
    if (action === undefined) return 'InfluxQL cannot express it';
    const step = { item, action, reason: 'a statement at the gateway' };
    return this.#parts.change(step, data, origin, change.password);
  }

  /** Resolves with the newest metadata of the followed client and its place in one history. */
  async #newest(): Promise<{ readonly data: MetaData; readonly origin: Origin }> {
    const source = this.#source;
    if (source === undefined)
      throw new CfluxError('INVALID_OPTION', 'the mirror follows no client: call follow()');
    const { clock, closing } = this.#parts;
    for (;;) {
      const { version, epoch } = source.status;
      const data = await source.data();
      // A client's metadata may change shortly before its status.
      await sleep(clock, 0, closing);
      const after = source.status;
      if (version === 0)
        throw new CfluxError('NOT_OPEN', 'the node has not joined its cluster yet', { retryable: true });
      if (after.version === version && after.epoch === epoch)
        return { data, origin: { clusterId: data.clusterId, epoch, version } };
    }
  }
}
