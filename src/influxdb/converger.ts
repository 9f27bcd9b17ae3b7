import { CfluxError, isCfluxError } from '../errors.js';
import type { DatabaseInfo, MetaData } from '../meta/records.js';
import { Contests } from './contests.js';
import { firstByName } from './draft.js';
import type { InfluxConnection } from './influx-connection.js';
import { keyOf } from './item.js';
import {
  type Agreement,
  agree,
  agreementOn,
  continued,
  emptyLedger,
  forget,
  isSameServer,
  type Ledger,
  type Origin,
  observe,
  type ServerIdentity,
  settle,
} from './ledger.js';
import type { LedgerStore } from './ledger-store.js';
import { LocalSubscriptions } from './local-subscriptions.js';
import { LossGuard } from './loss-guard.js';
import { makePlan } from './make-plan.js';
import type { MetadataReader, Reading } from './metadata-reader.js';
import type { MirrorSettings } from './mirror-options.js';
import { withOrderFindings } from './orders/order-findings.js';
import { OrderKeeper, type OrderSource, type OrdersView } from './orders/order-keeper.js';
import type { Pace } from './pace.js';
import type { PasswordComparer, PasswordComparison } from './password-comparer.js';
import type { Finding, Plan, Step } from './plan.js';
import type { Report } from './report.js';
import { runStep } from './run-step.js';
import { snapshotFailure } from './snapshot-failure.js';
import { influxqlOf } from './statement.js';
import { reachOf, troubleOf } from './statement-error.js';
import { Tally } from './tally.js';
import { Troubles } from './troubles.js';

/** Maximum readings of a convergence; more than it needs for changes, corrections, drops and the final check. */
const maxRounds = 6;

export interface ConvergerParts {
  readonly connection: InfluxConnection;
  readonly reader: MetadataReader;
  readonly store: LedgerStore;
  readonly passwords: PasswordComparer;
  readonly pace: Pace;
  readonly settings: MirrorSettings;
}

/** The result of examining a server without changing it. */
export interface Survey {
  /** The server's metadata. */
  readonly present: MetaData;
  /** The plan of a convergence. */
  readonly plan: Plan;
  /** Whether this mirror has never followed a cluster. */
  readonly isFirst: boolean;
}

export interface ConvergenceOptions {
  /** Ends the convergence between two changes. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each drop: returns whether the plan's metadata is still the newest. */
  readonly isCurrent?: () => boolean;
  /** Leaves drops, apart from drop orders, to a later convergence. Default: false. */
  readonly leavesDrops?: boolean;
  /** Awaited once before drops; the server is read again afterwards. */
  readonly hesitate?: () => Promise<void>;
  /** Reads the drop orders of the cluster. Absent: no order is carried out. */
  readonly orders?: OrderSource | undefined;
  /** Called after each change, with the reason if it was refused. */
  readonly onStep?: (step: Step, refusal: string | undefined) => void;
}

/** Converges one server: reads it, plans, changes it, and reads it again until nothing is left to do. */
export class Converger {
  readonly #parts: ConvergerParts;
  readonly #guard: LossGuard;
  readonly #local: LocalSubscriptions;
  readonly #contests: Contests;
  readonly #troubles = new Troubles();
  readonly #orders: OrderKeeper;

  constructor(parts: ConvergerParts) {
    this.#parts = parts;
    const { connection, reader, settings, store } = parts;
    this.#orders = new OrderKeeper({ connection, store, drops: settings.drops });
    this.#guard = new LossGuard({ connection, reader, rebuild: settings.rebuild });
    this.#local = new LocalSubscriptions(settings.localSubscriptions);
    this.#contests = new Contests(connection.address.clock);
  }

  /** Returns what a convergence would do now. Changes nothing, not even on disk. */
  async survey(wanted: MetaData, origin: Origin, signal?: AbortSignal): Promise<Survey> {
    this.#contests.begin();
    const { store, reader } = this.#parts;
    const reading = await reader.read(signal);
    const stored = await store.load();
    const known = await this.#guard.check(reading, stored, origin, { isThorough: true, signal });
    const view = this.#viewOf(wanted, reading);
    const { ledger, comparison } = await this.#assess(view, origin, known, []);
    return {
      present: view.present,
      plan: await this.#makePlan(view, ledger, comparison),
      isFirst: known === undefined || known.current.size + known.held.size === 0,
    };
  }

  /** Checks, before the first user is created on a server without users, that the server did not lose its metadata. */
  async expectNoLoss(origin: Origin): Promise<void> {
    const { store } = this.#parts;
    await store.own();
    const known = await store.load();
    const next = await this.#guard.checkWithoutUsers(known, origin);
    if (next !== undefined) await store.save(next);
  }

  /** Converges. Rejects after the last step if the server failed to execute any. */
  async converge(wanted: MetaData, origin: Origin, options: ConvergenceOptions): Promise<Report> {
    await this.#parts.store.own();
    const tally = new Tally();
    const report = await this.#repeat(wanted, origin, options, tally);
    const [first] = tally.troubles;
    if (first === undefined) return report;
    const others = tally.troubles.length - 1;
    const note = others === 0 ? '' : ` (and ${others} more statements failed)`;
    throw troubleOf(this.#parts.connection.address.url, first, note);
  }

  async #repeat(
    wanted: MetaData,
    origin: Origin,
    options: ConvergenceOptions,
    tally: Tally,
  ): Promise<Report> {
    const { signal, leavesDrops = false, isCurrent = () => true } = options;
    const { hesitate = async () => {}, onStep = () => {} } = options;
    const { store, reader, pace } = this.#parts;
    let hasHesitated = false;
    let isThorough = true;
    this.#contests.begin();
    for (let round = 1; ; ) {
      const reading = await reader.read(signal);
      const stored = await store.load();
      const checked = await this.#guard.check(reading, stored, origin, { isThorough, signal });
      isThorough = false;
      const view = this.#viewOf(wanted, reading);
      const orders = await this.#carryOutOrders({ view, reading, origin, checked }, options, tally);
      if (orders.isOver === false && orders.isOutdated !== true) continue;
      const known = orders.ledger;
      const { ledger, comparison } = await this.#assess(view, origin, known, tally.done);
      if (orders.isOutdated) {
        const plan = await this.#makePlan(view, ledger, comparison);
        return { ...this.#report(reading, origin, plan, tally), unfinished: true };
      }
      if (stored !== undefined && isOther(stored, ledger)) this.#contests.clear();
      // Saved before any change, so that the items of the cluster are known even after a crash.
      await store.save(ledger);
      const plan = await this.#makePlan(view, ledger, comparison);
      const { steps, areDrops } = tally.next(plan);
      if (steps.length === 0) {
        await this.#finish(ledger, plan, { view, reading, origin }, options);
        return { ...this.#report(reading, origin, plan, tally), ...missedIn(ledger) };
      }
      if (round === maxRounds) return { ...this.#report(reading, origin, plan, tally), unfinished: true };
      if (areDrops && leavesDrops) return { ...this.#report(reading, origin, plan, tally), unfinished: true };
      if (areDrops && !hasHesitated) {
        hasHesitated = true;
        await hesitate();
        round += 1;
        continue;
      }
      if (areDrops) {
        if (!isCurrent()) return { ...this.#report(reading, origin, plan, tally), unfinished: true };
        tally.beginDrops();
        await store.useConfirmation();
      }
      for (const step of steps) {
        await pace.turn(signal);
        if (areDrops && !isCurrent()) break;
        const password = 'user' in step.action ? comparison.secrets.get(step.action.user) : undefined;
        const outcome = await this.#run(step, password, tally, signal);
        if (typeof outcome === 'object') {
          tally.noteTrouble(step, outcome);
          continue;
        }
        tally.note(step, outcome);
        if (outcome === undefined) this.#contests.note(step, view.wanted);
        onStep(step, outcome);
      }
      round += 1;
    }
  }

  /** Reads the orders up to the version that is applied, and carries out those that are open (R36). */
  async #carryOutOrders(
    { view, reading, origin, checked }: OrdersInput,
    { orders, signal, isCurrent = () => true, onStep = () => {} }: ConvergenceOptions,
    tally: Tally,
  ): Promise<{ ledger: Ledger | undefined; isOver: boolean; isOutdated?: boolean }> {
    if (orders === undefined) return { ledger: checked, isOver: true };
    const mine = continued(checked ?? emptyLedger(view.server, origin), { server: view.server, origin });
    const ordersView: OrdersView = { origin, reading, present: view.present, signal };
    const read = await this.#orders.read(mine, orders, ordersView);
    const run = async (step: Step) => {
      await this.#parts.pace.turn(signal);
      const outcome = await this.#run(step, undefined, tally, signal);
      if (typeof outcome === 'object') throw outcome;
      if (outcome === undefined) tally.note(step, outcome);
      onStep(step, outcome);
      return outcome;
    };
    return this.#orders.carryOut(read, ordersView, { isCurrent, run });
  }

  /** Saves that the server is in sync with the version, except for findings, and which drops may be confirmed. */
  async #finish(
    ledger: Ledger,
    plan: Plan,
    { view, reading, origin }: Omit<OrdersInput, 'checked'>,
    { orders, signal }: ConvergenceOptions,
  ): Promise<void> {
    const { store, connection } = this.#parts;
    const now = connection.address.clock.now();
    const ordersView = { origin, reading, present: view.present, signal };
    const applied =
      orders === undefined ? ledger : await this.#orders.applied(ledger, ordersView, view.wanted, now);
    const saved = withConfirmable(applied, plan);
    await store.save(saved);
    // Used, or not pending any more: it must not confirm the same drops if they come up again.
    const given = await store.confirmation();
    if (given !== undefined && !saved.confirmable.has(given)) await store.useConfirmation();
  }

  /**
   * Makes one change, which a user gave to this server, without reading it. The ledger is saved first. Resolves with the reason if the
   * server refused it; rejects with `UNEXPECTED` if this mirror has never converged the server.
   */
  async carryOut(
    step: Step,
    wanted: MetaData,
    origin: Origin,
    password?: string,
  ): Promise<string | undefined> {
    const { store, connection } = this.#parts;
    await store.own();
    const known = await store.load();
    if (known === undefined)
      throw new CfluxError('UNEXPECTED', 'the server was never compared with the cluster');
    const view = this.#local.strip(wanted);
    const ledger = observe(known, { server: known.server, origin, wanted: view, present: view });
    await store.save(ledger);
    const refusal = await runStep(connection, step.action, { password, isOrdered: true });
    if (refusal !== undefined) return refusal;
    if (password !== undefined && 'user' in step.action)
      await this.#agreeOnPassword(step.action.user, wanted, ledger);
    return undefined;
  }

  /** Returns whether a subscription belongs to each server alone. */
  isLocalSubscription(name: string): boolean {
    return this.#local.isLocal({ name });
  }

  /** Records that the server's hash of a password that was just set corresponds to the cluster's. */
  async #agreeOnPassword(user: string, wanted: MetaData, ledger: Ledger): Promise<void> {
    const { store, reader } = this.#parts;
    const { metadata } = await reader.read();
    const [ours, here] = [wanted, metadata].map(({ users }) => users.find(({ name }) => name === user));
    if (ours === undefined || here === undefined) return;
    await store.save(
      agree(ledger, new Map([[keyOf({ kind: 'user', user }), agreementOn(ours.hash, here.hash)]])),
    );
  }

  /** Records, before the server is read, that the cluster's metadata belongs to another history from now on. */
  async forget(): Promise<void> {
    const { store } = this.#parts;
    await store.own();
    const ledger = await store.load();
    if (ledger !== undefined) await store.save(forget(ledger));
  }

  /** Makes one change. Resolves with the server's reason to refuse it, or with the server's own failure. */
  async #run(
    step: Step,
    password: string | undefined,
    tally: Tally,
    signal: AbortSignal | undefined,
  ): Promise<string | CfluxError | undefined> {
    try {
      const refusal = await runStep(this.#parts.connection, step.action, { password });
      this.#troubles.forget(step);
      return refusal;
    } catch (error) {
      if (isCfluxError(error) && (await this.#isOfStatement(error, tally, signal)))
        return this.#troubles.classify(step, error);
      throw error;
    }
  }

  /**
   * Resolves with whether other statements may succeed after `error`. A broken connection or a forbidden request may concern one
   * statement: a proxy has its own rules, and a statement can crash a server. A test read decides, only once per convergence, because
   * each statement that hangs takes the whole timeout.
   */
  async #isOfStatement(error: CfluxError, tally: Tally, signal: AbortSignal | undefined): Promise<boolean> {
    const reach = reachOf(error);
    if (reach !== 'unclear') return reach === 'none';
    const isSilence = error.status === undefined;
    if (isSilence && tally.troubles.some(({ status }) => status === undefined)) return false;
    return this.#parts.connection.isUsable(signal);
  }

  async #assess(
    { wanted, present, server, reading }: View,
    origin: Origin,
    ledgerBefore: Ledger | undefined,
    done: readonly Step[],
  ): Promise<{ readonly ledger: Ledger; readonly comparison: PasswordComparison }> {
    const { passwords } = this.#parts;
    const known = ledgerBefore ?? emptyLedger(server, origin);
    const observed = observe(known, { server, origin, wanted, present });
    const agreed = agree(observed, agreementsOf(done, wanted, present, reading.source));
    const comparison = await passwords.compare(wanted.users, present.users, agreed);
    return { ledger: settle(agree(agreed, comparison.agreements), wanted, present), comparison };
  }

  async #makePlan(
    { wanted, present, shared, reading }: View,
    ledger: Ledger,
    comparison: PasswordComparison,
  ): Promise<Plan> {
    const { drops, maxDrops } = this.#parts.settings;
    const plan = makePlan({
      wanted,
      present,
      ledger,
      passwords: comparison.states,
      serverVersion: this.#parts.connection.serverVersion,
      account: this.#parts.connection.address.username,
      drops,
      maxDrops,
      confirmed: await this.#parts.store.confirmation(),
    });
    const withOrders = withOrderFindings(plan, { ledger, wanted, present, drops });
    const held = this.#contests.hold({ ...withOrders, local: shared }, wanted);
    if (reading.source === 'snapshot') return held;
    return { ...held, snapshotFailure: snapshotFailure(reading.reason, held, present) };
  }

  #viewOf(wanted: MetaData, reading: Reading): View {
    return {
      wanted: this.#local.strip(wanted),
      present: this.#local.strip(reading.metadata),
      shared: this.#local.shared(wanted),
      server: this.#guard.identify(reading),
      reading,
    };
  }

  #report({ source }: Reading, { version, epoch }: Origin, plan: Plan, tally: Tally): Report {
    const { refused, pending } = tally.leftOf(plan);
    const { confirmation, confirmable, snapshotFailure } = plan;
    return {
      server: this.#parts.connection.address.url,
      version,
      epoch,
      source,
      done: tally.done,
      inSync: plan.inSync,
      refused: [...plan.refused, ...refused],
      pending: [...plan.pending, ...pending],
      unmanaged: plan.unmanaged,
      local: plan.local,
      unverified: plan.unverified,
      ...(snapshotFailure === undefined ? {} : { snapshotFailure }),
      ...(confirmation === undefined ? {} : { confirmation }),
      ...(confirmable === undefined ? {} : { confirmable }),
    };
  }
}

interface OrdersInput {
  readonly view: View;
  readonly reading: Reading;
  readonly origin: Origin;
  /** The ledger that the loss guard returned. */
  readonly checked: Ledger | undefined;
}

/** Returns the ledger with the drops that `cflux confirm-drops` may confirm; the same one if they did not change. */
function withConfirmable(ledger: Ledger, { confirmable = [] }: Plan): Ledger {
  const entries = confirmable.map(
    ({ confirmation, drops }) => [confirmation, drops.flatMap(({ action }) => influxqlOf(action))] as const,
  );
  if (JSON.stringify(entries) === JSON.stringify([...ledger.confirmable])) return ledger;
  return { ...ledger, confirmable: new Map(entries) };
}

const missedIn = ({ orders: { missedUpTo } }: Ledger) =>
  missedUpTo === undefined ? {} : { missedOrders: missedUpTo };

/** Both sides of a convergence, without items that are local to a server. */
interface View {
  readonly wanted: MetaData;
  readonly present: MetaData;
  /** Local items that are in the cluster's metadata. */
  readonly shared: readonly Finding[];
  readonly server: ServerIdentity;
  readonly reading: Reading;
}

/** Returns whether the server is another one, or its metadata was recreated. */
const isOther = (before: Ledger, after: Ledger) =>
  before.rebuilds !== after.rebuilds || !isSameServer(before.server, after.server);

/**
 * Returns the agreements of completed changes: the server's text of a query corresponds to the cluster's, and if hashes cannot be
 * read, the password is the one that was set. (If they can, the next judgement compares them.)
 */
function agreementsOf(
  done: readonly Step[],
  wanted: MetaData,
  present: MetaData,
  source: Reading['source'],
): Map<string, Agreement> {
  const agreements = new Map<string, Agreement>();
  if (done.length === 0) return agreements;
  const users = firstByName(wanted.users);
  const databases = firstByName(wanted.databases);
  const databasesHere = firstByName(present.databases);
  for (const { item, action } of done) {
    if (action.kind === 'createContinuousQuery' || action.kind === 'replaceContinuousQuery') {
      const text = queryIn(databases.get(action.database), action.name);
      const textHere = queryIn(databasesHere.get(action.database), action.name);
      if (text !== undefined && textHere !== undefined)
        agreements.set(keyOf(item), agreementOn(text, textHere));
    }
    if (source === 'show' && (action.kind === 'createUser' || action.kind === 'setPassword')) {
      const hash = users.get(action.user)?.hash;
      if (hash !== undefined) agreements.set(keyOf(item), agreementOn(hash, ''));
    }
  }
  return agreements;
}

const queryIn = (database: DatabaseInfo | undefined, name: string) =>
  database?.continuousQueries.find((query) => query.name === name)?.query;
