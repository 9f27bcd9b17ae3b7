import { withTimeout } from '../async/deadline.js';
import { lifetimeController } from '../async/lifetime.js';
import { withLinkedSignal } from '../async/linked-signal.js';
import { Mutex } from '../async/mutex.js';
import type { ListenerOptions } from '../async/subscriptions.js';
import { debugLog } from '../debug-log.js';
import { CfluxError } from '../errors.js';
import { EventHub } from '../event-hub.js';
import type { MetaData } from '../meta/records.js';
import { InfluxConnection } from './connect/influx-connection.js';
import type { InfluxAddress } from './connect/influx-options.js';
import { probeServer } from './connect/probe-server.js';
import type { AcceptedChange } from './converge/accepted-change.js';
import { type ConvergenceOptions, Converger, type Survey } from './converge/converger.js';
import { createAdmin, createFirstAdmin, isWithoutUsers } from './converge/first-admin.js';
import { type InfluxMirrorOptions, type MirrorSettings, resolveSettings } from './converge/mirror-options.js';
import { Pace } from './converge/pace.js';
import type { Report } from './converge/report.js';
import type { UserLogin, UserPresence } from './converge/user-maker.js';
import { Follower } from './follower.js';
import type { Origin } from './ledger/ledger.js';
import { LedgerStore } from './ledger/ledger-store.js';
import type { MetadataSource } from './metadata-source.js';
import { type InfluxMirrorEvents, mirrorEventNames } from './mirror-events.js';
import { OnDemandChanges, type OnDemandParts } from './on-demand-changes.js';
import type { OrderSource } from './orders/order-keeper.js';
import { PasswordComparer } from './plan/password-comparer.js';
import type { Plan, Step } from './plan/plan.js';
import { MetadataReader } from './read/metadata-reader.js';
import { serverProcess } from './read/server-process.js';
import { ServerWatch } from './server-watch.js';
import type { Action } from './statements/action.js';

const debug = debugLog('cflux:mirror');

/** Maximum milliseconds that `close` waits for the change under way. */
const closingTime = 5_000;

/** Milliseconds for which requests sent before or during an outage may still get a response after it. */
const lateTime = 2_000;

/** The history of metadata that is passed to a mirror, and an abort signal. */
export interface ConvergeOptions {
  /** The manager's epoch; items of another epoch are never dropped. Default: none. */
  readonly epoch?: string;
  /** The metadata's version in that epoch. Default: none. */
  readonly version?: number;
  /** Aborts the convergence between two changes. */
  readonly signal?: AbortSignal;
}

/**
 * Makes a live InfluxDB 1.x server follow the metadata of a cluster, like a controller: it reads the server, plans the differences,
 * changes the server statement by statement, and reads it again until it is in sync.
 *
 * It never changes shard groups, `_internal`, or unmanaged items.
 *
 * @example
 * ```ts
 * const mirror = new InfluxMirror({ url: 'http://127.0.0.1:8086', dir: '/var/lib/cflux' });
 * mirror.on('report', ({ done, pending }) => console.log(`${done.length} done, ${pending.length} pending`));
 * mirror.follow(client);
 * ```
 */
export class InfluxMirror {
  readonly #connection: InfluxConnection;
  readonly #converger: Converger;
  readonly #store: LedgerStore;
  readonly #settings: MirrorSettings;
  readonly #events = new EventHub<InfluxMirrorEvents>(mirrorEventNames);
  readonly #closing = lifetimeController();
  /** Runs one convergence at a time. */
  readonly #turns = new Mutex();
  #follower: Follower | undefined;
  #watch: ServerWatch | undefined;
  #closed: Promise<void> | undefined;
  #lastReport: Report | undefined;
  /** Reads the drop orders of the followed client's cluster. */
  #orders: OrderSource | undefined;
  readonly #onDemand: OnDemandChanges;
  #cancelAbandon = () => {};

  /** Throws `INVALID_OPTION`. Sends no request yet. */
  constructor(options: InfluxMirrorOptions) {
    this.#settings = resolveSettings(options);
    this.#connection = new InfluxConnection(options.url, options);
    this.#store = new LedgerStore(this.#settings.dir, this.#settings);
    this.#converger = new Converger({
      connection: this.#connection,
      reader: new MetadataReader(this.#connection, options.snapshot ?? true),
      store: this.#store,
      passwords: new PasswordComparer(this.#passwordOf),
      pace: new Pace(this.#connection.address.clock, this.#settings.statementsPerSecond),
      settings: this.#settings,
    });
    this.#onDemand = new OnDemandChanges({
      closing: this.#closing.signal,
      exclusively: (work) => this.#exclusively(work),
      // Leaves drops to the next convergence, which may hesitate.
      converge: (data, origin, given) =>
        this.#convergeInTurn(data, origin, { leavesDrops: true, orders: this.#orders, given }),
      change: this.#change,
      makeUser: this.#makeUser,
      found: async ({ name, password = '' }, origin) => {
        await this.#converger.prepareFirstUser(origin, { orders: this.#orders });
        await createAdmin(this.#connection, name, password);
      },
    });
  }

  /** The server's URL, without credentials. */
  get url(): string {
    return this.#connection.address.url;
  }

  /** The version that the server stated last; `undefined` before its first response. */
  get serverVersion(): string | undefined {
    return this.#connection.serverVersion;
  }

  /** The report of the last convergence; `undefined` before the first. */
  get lastReport(): Report | undefined {
    return this.#lastReport;
  }

  /**
   * Keeps the server in sync with `client` (a CfluxClient) from now on: at once, after every change of the cluster, and at an interval.
   * Metadata is followed once the client has joined its cluster. Throws `CLOSED`, or `INVALID_OPTION` if it already follows a client.
   */
  follow(client: MetadataSource): void {
    this.#expectOpen();
    if (this.#follower)
      throw new CfluxError('INVALID_OPTION', 'this mirror already follows a client: create another mirror');
    const { interval, random } = this.#settings;
    this.#onDemand.follow(client);
    this.#orders =
      client.dropOrders &&
      ((since, signal) =>
        client.dropOrders?.(since, signal === undefined ? {} : { signal }) ?? Promise.resolve(undefined));
    // From the first heartbeat on: there is a server, and nothing is known of it.
    client.noteApplied?.({ version: 0 });
    this.#follower = new Follower(client, {
      clock: this.#connection.address.clock,
      random,
      interval,
      converge: async (data, origin, caution) => {
        const { version, epoch } = origin;
        const report = await this.#converge(data, origin, { ...caution, orders: this.#orders });
        if (report.unfinished !== true) client.noteApplied?.({ version: version ?? 0, epoch });
      },
      forget: () => this.#exclusively(() => this.#converger.forget()),
      isApplied: () => this.#turns.run(async () => this.#onDemand.isApplied(client.status)),
      onFailure: (error, failures, retryIn) => {
        debug('failed for the %d. time, again in %d ms: %s', failures, retryIn, error);
        this.#events.emit('failed', { error: CfluxError.from(error), failures, retryIn });
      },
    });
  }

  /**
   * Watches from now on whether the server is available, also while nothing changes: pings it at once, and after every two seconds
   * without a response. Emits `serverDown` and `serverUp`; when the server is available again, a mirror that follows a client converges
   * at once. Throws `CLOSED`. Idempotent.
   */
  watch(): void {
    this.#expectOpen();
    this.#watch ??= new ServerWatch({
      clock: this.#connection.address.clock,
      probe: (signal) => probeServer(this.#connection, signal),
      respondedAt: () => this.#connection.respondedAt,
      onDown: (error) => {
        // It may come back with other metadata.
        this.#onDemand.begin();
        this.#events.emit('serverDown', { error });
      },
      onUp: (since) => this.#serverUp(since),
    });
  }

  /**
   * Brings the server in sync with `data` once. Rejects with `UNREACHABLE`, `TIMEOUT`, `UNAUTHORIZED`, `FORBIDDEN`, `UNAVAILABLE`
   * or `BAD_ANSWER` if the server cannot be used or failed to execute a statement (the others are still executed), and with
   * `METADATA_LOST`. Refusals of single statements are in the report.
   */
  converge(data: MetaData, options: ConvergeOptions = {}): Promise<Report> {
    return this.#converge(data, originOf(data, options), { signal: options.signal });
  }

  /** Resolves with what {@link converge} would do now. Changes nothing. Rejects as `converge` does. */
  async plan(data: MetaData, options: ConvergeOptions = {}): Promise<Plan> {
    return (await this.survey(data, options)).plan;
  }

  /** Resolves with the server's metadata and what {@link converge} would do now. Changes nothing. Rejects as `converge` does. */
  survey(data: MetaData, options: ConvergeOptions = {}): Promise<Survey> {
    return this.#exclusively(() => this.#converger.survey(data, originOf(data, options), options.signal));
  }

  /** Confirms exactly the drops that a report listed with this `confirmation`; valid once. */
  async confirmDrops(confirmation: string): Promise<void> {
    this.#expectOpen();
    await this.#store.confirm(confirmation);
    this.#follower?.hurry();
  }

  /**
   * The connection's address and options.
   *
   * @internal
   */
  get address(): InfluxAddress {
    return this.#connection.address;
  }

  /**
   * Makes a change that the followed client's cluster has just accepted on the server now, and resolves with the reason if the server
   * does not have it then. If the server has the version directly below and the client no newer one, the change alone is made;
   * otherwise the server is brought in sync with the newest metadata. Rejects as {@link converge} does.
   *
   * @internal
   */
  carryOut(change: AcceptedChange): Promise<string | undefined> {
    return this.#onDemand.carryOut(change);
  }

  /**
   * Does `work`, which changes on the server what the followed client's cluster does not have, between two convergences. Resolves with
   * `undefined` if `isOfCluster`, called with the newest metadata before, returns true.
   *
   * @internal
   */
  async apart<T>(
    isOfCluster: (data: MetaData) => boolean | Promise<boolean>,
    work: () => Promise<T>,
  ): Promise<{ readonly result: T } | undefined> {
    try {
      return await this.#onDemand.apart(isOfCluster, work);
    } finally {
      this.#follower?.poke();
    }
  }

  /**
   * Brings the server in sync with the newest metadata of the followed client now, apart from drops. Rejects as {@link converge} does.
   *
   * @internal
   */
  catchUp(): Promise<void> {
    return this.#onDemand.catchUp();
  }

  /**
   * Gives the server a user of the followed client's cluster that has just logged in with the password of `login.hash`: creates the user
   * with its privileges, or sets its password. Does nothing if the server has it, or if the cluster has changed the user since then.
   * Rejects as {@link converge} does, and with `STATEMENT_REFUSED` if the server cannot have the user.
   *
   * @internal
   */
  makeUser(login: UserLogin): Promise<UserPresence> {
    return this.#onDemand.makeUser(login);
  }

  /**
   * Creates the first administrator of a server without users, which the cluster has just accepted. Rejects as {@link converge} does, and
   * with InfluxDB's own text if the server refuses it.
   *
   * @internal
   */
  found(login: UserLogin): Promise<void> {
    return this.#onDemand.found(login);
  }

  /**
   * Returns whether the server is known to have a database, and in it a policy; an empty name is the default policy.
   *
   * @internal
   */
  hasDatabase(name: string, policy?: string): boolean {
    return this.#onDemand.hasDatabase(name, policy);
  }

  /**
   * Returns whether a subscription belongs to each server alone, by its name.
   *
   * @internal
   */
  isLocalSubscription(name: string): boolean {
    return this.#converger.isLocalSubscription(name);
  }

  /**
   * Resolves with a name of the server's process, if the server shows it.
   *
   * @internal
   */
  serverProcess(signal?: AbortSignal): Promise<string | undefined> {
    return serverProcess(this.#connection, signal);
  }

  /**
   * Notes that the server may have changed, for example because it was restarted: it is read again before the next change.
   *
   * @internal
   */
  doubt(): void {
    this.#onDemand.begin();
    this.#follower?.poke();
  }

  /**
   * Calls `listener` at every event `name`. An exception of the listener is thrown in a separate task.
   *
   * @param options `signal` unsubscribes the listener when it aborts
   */
  on<Name extends keyof InfluxMirrorEvents>(
    name: Name,
    listener: (...args: InfluxMirrorEvents[Name]) => void,
    options: ListenerOptions = {},
  ): this {
    this.#events.on(name, listener, options);
    return this;
  }

  /**
   * Calls `listener` at the next event `name`.
   *
   * @param options `signal` unsubscribes the listener when it aborts
   */
  once<Name extends keyof InfluxMirrorEvents>(
    name: Name,
    listener: (...args: InfluxMirrorEvents[Name]) => void,
    options: ListenerOptions = {},
  ): this {
    this.#events.once(name, listener, options);
    return this;
  }

  /** Unsubscribes `listener`, or every listener of `name`. */
  off<Name extends keyof InfluxMirrorEvents>(
    name: Name,
    listener?: (...args: InfluxMirrorEvents[Name]) => void,
  ): this {
    this.#events.off(name, listener);
    return this;
  }

  /** Stops following, waits for the change under way, and closes every socket. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  readonly #passwordOf = async (user: string): Promise<string | undefined> => {
    const given = this.#onDemand.passwordOf(user) ?? (await this.#settings.passwords?.(user));
    const { username } = this.#connection.address;
    // The mirror's own password shows whether its account is the cluster's.
    return given ?? (user === username ? this.#connection.password() : undefined);
  };

  /** Connections that broke silently would otherwise delay the convergence until their requests time out. */
  #serverUp(since: number): void {
    const { clock } = this.#connection.address;
    this.#cancelAbandon = clock.after(lateTime, () => this.#connection.abandonBefore(since));
    this.#events.emit('serverUp');
    this.#follower?.hurry();
  }

  async #close(): Promise<void> {
    this.#closing.abort(closedError());
    this.#onDemand.close();
    this.#cancelAbandon();
    const watched = this.#watch?.close();
    const { clock } = this.#connection.address;
    const ended = Promise.all([this.#follower?.close(), this.#turns.run(async () => {})]);
    await withTimeout({ clock, timeout: closingTime }, ended).catch(() => {});
    await this.#connection.close();
    await Promise.all([ended, watched]);
    await this.#store.close();
    this.#events.removeAll();
  }

  #converge(
    data: MetaData,
    origin: Origin,
    { signal, ...caution }: Omit<ConvergenceOptions, 'onStep'>,
  ): Promise<Report> {
    return this.#exclusively(() => this.#convergeInTurn(data, origin, { signal, ...caution }));
  }

  async #convergeInTurn(
    data: MetaData,
    origin: Origin,
    { signal, ...caution }: Omit<ConvergenceOptions, 'onStep'>,
  ): Promise<Report> {
    this.#onDemand.begin();
    return withLinkedSignal([signal, this.#closing.signal], async (linked) => {
      const options = { ...caution, signal: linked, onStep: this.#onStep };
      const work = () => this.#converger.converge(data, origin, options);
      const report = await this.#withFirstAdmin(data, origin, options, work);
      this.#onDemand.end(data, origin, report);
      this.#lastReport = report;
      if (this.#watch?.isDown) this.#watch.hurry();
      this.#events.emit('report', report);
      return report;
    });
  }

  readonly #onStep = (step: Step, refusal: string | undefined): void =>
    this.#events.emit('step', { step, ...(refusal === undefined ? {} : { refusal }) });

  readonly #change = async (
    step: Step,
    data: MetaData,
    origin: Origin,
    { password, order }: Pick<AcceptedChange, 'password' | 'order'>,
    isNext: boolean,
  ): Promise<string | undefined> => {
    const orders = isNext ? undefined : this.#orders;
    const refusal = await this.#converger.carryOut(step, data, origin, { password, order, orders });
    this.#onStep(step, refusal);
    return refusal;
  };

  readonly #makeUser: OnDemandParts['makeUser'] = (login, data, origin, isCurrent) => {
    const item = { kind: 'user', user: login.name } as const;
    const onStep = (action: Action) =>
      this.#onStep({ item, action, reason: 'a login at the gateway' }, undefined);
    return this.#withFirstAdmin(data, origin, { orders: this.#orders }, () =>
      this.#converger.makeUser(login, { wanted: data, origin, isCurrent, onStep, orders: this.#orders }),
    );
  };

  async #withFirstAdmin<T>(
    wanted: MetaData,
    origin: Origin,
    context: Pick<ConvergenceOptions, 'orders' | 'signal'>,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!isWithoutUsers(error)) throw error;
      await this.#converger.prepareFirstUser(origin, context);
      await createFirstAdmin(this.#connection, wanted);
      return work();
    }
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.run(async () => {
      this.#expectOpen();
      return work();
    });
  }

  #expectOpen(): void {
    if (this.#closing.signal.aborted) throw closedError();
  }
}

const closedError = () => new CfluxError('CLOSED', 'the mirror was closed');

function originOf(data: MetaData, { epoch, version }: ConvergeOptions): Origin {
  return { clusterId: data.clusterId, epoch, version };
}
