import { setImmediate as nextTurn } from 'node:timers/promises';
import { CfluxError } from '../errors.js';
import { isJsonObject } from '../json-object.js';
import { findByName } from '../meta/named-list.js';
import type { MetaData } from '../meta/records.js';
import type { DropOrder } from '../protocol/drop-orders.js';
import { type AcceptedChange, differsOnlyBy, findingOf } from './converge/accepted-change.js';
import type { Report } from './converge/report.js';
import type { UserLogin, UserPresence } from './converge/user-maker.js';
import type { Origin } from './ledger/ledger.js';
import type { MetadataSource } from './metadata-source.js';
import type { Step } from './plan/plan.js';
import { internalDatabase } from './statements/item.js';

/** What changes the server. All but `exclusively` are called within a turn. */
export interface OnDemandParts {
  /** Aborts when the mirror closes. */
  readonly closing: AbortSignal;
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** Brings the server in sync, apart from drops, and calls `begin` and `end`. `given`: an order that a user gave to this server. */
  readonly converge: (data: MetaData, origin: Origin, given?: DropOrder) => Promise<Report>;
  /**
   * Makes one change without reading the server. Resolves with the reason if the server refused it. `isNext`: the drop orders up to the
   * version are known; otherwise they are read first.
   */
  readonly change: (
    step: Step,
    data: MetaData,
    origin: Origin,
    secrets: Pick<AcceptedChange, 'password' | 'order'>,
    isNext: boolean,
  ) => Promise<string | undefined>;
  /** Gives the server a user of the cluster that has just logged in. */
  readonly makeUser: (
    login: UserLogin,
    data: MetaData,
    origin: Origin,
    isCurrent: () => Promise<boolean>,
  ) => Promise<UserPresence>;
  /** Creates the first administrator of a server without users. */
  readonly found: (login: UserLogin, origin: Origin) => Promise<void>;
}

/** The newest metadata that the followed client has. */
interface Newest {
  readonly data: MetaData;
  readonly origin: Origin;
}

/** InfluxDB's text. */
const userNotFound = 'user not found';

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
  /** The last `pushed` event of the followed client. */
  #pushed: Readonly<Record<string, unknown>> | undefined;
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

  /** Returns whether the server is known to have a database, and in it a policy; an empty name is the default policy. */
  hasDatabase(name: string, policy = ''): boolean {
    if (name === internalDatabase) return true;
    const known = this.#known && findByName(this.#known.databases, name);
    if (known !== undefined && (policy === '' || findByName(known.retentionPolicies, policy) !== undefined))
      return true;
    return (
      this.#lastReport?.unmanaged.some(
        (item) =>
          (item.kind === 'database' && item.database === name) ||
          (item.kind === 'retentionPolicy' && item.database === name && item.policy === policy),
      ) === true
    );
  }

  /** Returns whether the server has this version, as far as it can. */
  isApplied({ version, epoch }: Pick<Origin, 'version' | 'epoch'>): boolean {
    return this.#applied?.version === version && this.#applied?.epoch === epoch;
  }

  carryOut(change: AcceptedChange): Promise<string | undefined> {
    return this.#parts.exclusively(async () => {
      const newest = await this.#newest();
      const { data, origin } = newest;
      const before = this.#applied?.epoch === origin.epoch ? this.#applied : undefined;
      // The orders of earlier versions were read with those versions, and those of this one are known here.
      const isNext =
        before?.version !== undefined &&
        this.#pushed?.['version'] === origin.version &&
        this.#pushed?.['previousVersion'] === before.version &&
        this.#pushed?.['orders'] === (change.order === undefined ? 0 : 1);
      if (isNext && differsOnlyBy(change, before.data, data)) {
        const refusal = await this.#order(change, newest, true);
        // A user that has not logged in here yet is created with the new password.
        if (refusal === userNotFound && change.password !== undefined) {
          await this.#converge(newest, change);
          return findingOf(this.#lastReport, change)?.reason;
        }
        if (refusal !== undefined) return refusal;
        this.#note(data, origin);
        this.#source?.noteApplied?.({ version: origin.version ?? 0, epoch: origin.epoch });
        return undefined;
      }
      return change.order === undefined || origin.epoch === undefined
        ? this.#bringIn(change, newest, before)
        : this.#bringInOrdered(change, newest, before);
    });
  }

  /**
   * Does `work`, which changes on the server what the cluster does not have, between two convergences. Resolves with `undefined` if
   * `isOfCluster`, called with the newest metadata before, returns true.
   */
  apart<T>(
    isOfCluster: (data: MetaData) => boolean | Promise<boolean>,
    work: () => Promise<T>,
  ): Promise<{ readonly result: T } | undefined> {
    return this.#parts.exclusively(async () => {
      const { data } = await this.#newest();
      if (await isOfCluster(data)) return undefined;
      this.begin();
      this.#lastReport = undefined;
      return { result: await work() };
    });
  }

  catchUp(): Promise<void> {
    return this.#parts.exclusively(async () => {
      const { data, origin } = await this.#newest();
      if (this.isApplied(origin)) return;
      await this.#parts.converge(data, origin);
    });
  }

  /** As of InfluxMirror. */
  makeUser(login: UserLogin): Promise<UserPresence> {
    return this.#parts.exclusively(async () => {
      const { data, origin } = await this.#newest();
      const isCurrent = async () => {
        const user = findByName((await this.#source?.data())?.users ?? [], login.name);
        return user?.hash === login.hash;
      };
      return this.#parts.makeUser(login, data, origin, isCurrent);
    });
  }

  /** As of InfluxMirror. */
  found(login: UserLogin): Promise<void> {
    return this.#parts.exclusively(async () => {
      const { data, origin } = await this.#newest();
      const user = findByName(data.users, login.name);
      if (user?.hash !== login.hash || !user.admin)
        throw new CfluxError('USER_NOT_FOUND', 'the cluster has changed the user since then');
      await this.#parts.found(login, origin);
    });
  }

  readonly #onPushed = (event: unknown): void => {
    if (isJsonObject(event)) this.#pushed = event;
  };

  #note(data: MetaData, { epoch, version }: Origin): void {
    this.#applied = { data, epoch, version };
    this.#known = data;
  }

  async #converge(
    { data, origin }: Newest,
    { items: [item], password }: AcceptedChange,
    given?: DropOrder,
  ): Promise<void> {
    const user = item.kind === 'user' ? item.user : undefined;
    if (user !== undefined && password !== undefined) this.#given.set(user, password);
    try {
      await this.#parts.converge(data, origin, given);
    } finally {
      if (user !== undefined) this.#given.delete(user);
    }
  }

  async #order(
    change: AcceptedChange,
    { data, origin }: Newest,
    isNext = false,
  ): Promise<string | undefined> {
    const action = change.actionIn(data);
    const [item] = change.items;
    if (action === undefined) return 'InfluxQL cannot express it';
    const step = { item, action, reason: 'a statement at the gateway' };
    return this.#parts.change(step, data, origin, change, isNext);
  }

  /** Brings a server that does not have the version directly below in sync, with the change. */
  async #bringIn(
    change: AcceptedChange,
    newest: Newest,
    before: Applied | undefined,
  ): Promise<string | undefined> {
    const { data, origin } = newest;
    // What the cluster has again since then was created after the drop, and must not keep what it had before.
    const isBehind = before?.version !== undefined && before.version < change.version;
    if (change.isDrop && isBehind && change.isIn(data)) {
      const refusal = await this.#order(change, newest);
      if (refusal !== undefined) return refusal;
    }
    if (before?.version !== origin.version) await this.#converge(newest, change);
    if (change.isDrop) return change.isIn(data) ? undefined : this.#order(change, newest);
    const finding = findingOf(this.#lastReport, change);
    if (finding === undefined) return undefined;
    return change.actionIn(data) === undefined ? finding.reason : this.#order(change, newest);
  }

  /** As `#bringIn`, for a drop with its order: it is carried out in its place among the orders that the server does not know (R36). */
  async #bringInOrdered(
    change: AcceptedChange,
    newest: Newest,
    before: Applied | undefined,
  ): Promise<string | undefined> {
    const { data, origin } = newest;
    if (before?.version !== origin.version) await this.#converge(newest, change, change.order);
    const finding = findingOf(this.#lastReport, { items: [change.items[0]] });
    if (finding === undefined) return undefined;
    // After its version was applied, the order must not touch what may have been created since.
    return change.isIn(data) ? finding.reason : this.#order(change, newest);
  }

  /** Resolves with the newest metadata of the followed client and its place in one history. */
  async #newest(): Promise<Newest> {
    const source = this.#source;
    if (source === undefined)
      throw new CfluxError('INVALID_OPTION', 'the mirror follows no client: call follow()');
    for (;;) {
      const { version, epoch } = source.status;
      const data = await source.data();
      // A client's metadata may change shortly before its status.
      await nextTurn();
      this.#parts.closing.throwIfAborted();
      const after = source.status;
      if (version === 0)
        throw new CfluxError('NOT_OPEN', 'the node has not joined its cluster yet', { retryable: true });
      if (after.version === version && after.epoch === epoch)
        return { data, origin: { clusterId: data.clusterId, epoch, version } };
    }
  }
}
