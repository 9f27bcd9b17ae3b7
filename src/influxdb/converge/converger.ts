import type { MetaData } from '../../meta/records.js';
import type { DropOrder } from '../../protocol/drop-orders.js';
import { troubleOf } from '../connect/statement-error.js';
import { continued, emptyLedger, forget, isSameServer, type Ledger, type Origin } from '../ledger/ledger.js';
import { withDropped } from '../loss/leftover-shards.js';
import type { CheckOptions } from '../loss/loss-guard.js';
import type { OrderSource, OrdersView } from '../orders/order-keeper.js';
import type { Plan, Step } from '../plan/plan.js';
import type { Reading } from '../read/metadata-reader.js';
import { withConfirmable } from './confirmable-drops.js';
import { type ConvergenceParts, type ConvergerParts, convergenceParts } from './convergence-parts.js';
import { type OwnStatementOptions, OwnStatements } from './own-statements.js';
import { Planner, type View } from './planner.js';
import type { Report } from './report.js';
import { StepRunner } from './step-runner.js';
import { Tally } from './tally.js';
import { type LoginContext, type UserLogin, UserMaker, type UserPresence } from './user-maker.js';

/** Maximum readings of a convergence; more than it needs for changes, corrections, drops and the final check. */
const maxRounds = 6;

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
  /** An order that a user gave to this very server, which is carried out whatever this server may drop. */
  readonly given?: DropOrder | undefined;
  /** Called after each change, with the reason if it was refused. */
  readonly onStep?: (step: Step, refusal: string | undefined) => void;
}

/** Converges one server: reads it, plans, changes it, and reads it again until nothing is left to do. */
export class Converger {
  readonly #parts: ConvergenceParts;
  readonly #planner: Planner;
  readonly #runner: StepRunner;
  readonly #ownStatements: OwnStatements;
  readonly #users: UserMaker;

  constructor(given: ConvergerParts) {
    const parts = convergenceParts(given);
    this.#parts = parts;
    this.#planner = new Planner(parts);
    this.#runner = new StepRunner(parts.connection);
    this.#ownStatements = new OwnStatements(parts);
    this.#users = new UserMaker(parts);
  }

  /** Returns what a convergence would do now. Changes nothing, not even on disk. */
  async survey(wanted: MetaData, origin: Origin, signal?: AbortSignal): Promise<Survey> {
    this.#parts.contests.begin();
    const { store, reader, connection } = this.#parts;
    const reading = await reader.read(signal);
    const [failure] = reading.unread.failures;
    if (failure !== undefined) throw troubleOf(connection.address.url, failure.error);
    const stored = await store.load();
    const known = await this.#parts.guard.check(reading, stored, origin, { search: 'first', signal });
    const view = this.#planner.viewOf(wanted, reading);
    const assessment = await this.#planner.assess(view, origin, known, []);
    return {
      present: view.present,
      plan: await this.#planner.plan(view, assessment),
      isFirst: known === undefined || known.current.size + known.held.size === 0,
    };
  }

  /**
   * Checks, before the first user is created on a server without users, that the server did not lose its metadata, and that the manager
   * lists the drop orders of the version to which the user belongs.
   */
  async prepareFirstUser(
    origin: Origin,
    { orders, signal }: Pick<ConvergenceOptions, 'orders' | 'signal'>,
  ): Promise<void> {
    const { store } = this.#parts;
    await store.own();
    const known = await store.load();
    const next = await this.#parts.guard.checkWithoutUsers(known, origin);
    if (next !== undefined) await store.save(next);
    if (orders !== undefined) await this.#parts.orders.expectListed(next ?? known, origin, orders, signal);
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
    const { url } = this.#parts.connection.address;
    let hasHesitated = false;
    let search: CheckOptions['search'] = 'first';
    this.#parts.contests.begin();
    for (let round = 1; ; ) {
      const reading = await reader.read(signal);
      const stored = await store.load();
      const checked = await this.#parts.guard.check(reading, stored, origin, {
        search,
        signal,
        onFailure: (error) => tally.noteUnread(error),
      });
      search = 'none';
      const report = (plan: Plan) => tally.reportOf(plan, origin, { server: url, source: reading.source });
      const unfinished = (plan: Plan): Report => ({ ...report(plan), unfinished: true });
      const view = this.#planner.viewOf(wanted, reading);
      const orders = await this.#carryOutOrders({ view, reading, origin, checked }, options, tally);
      if (orders.isOver === false && orders.isOutdated !== true) {
        search = 'afterDrops';
        continue;
      }
      const assessment = await this.#planner.assess(view, origin, orders.ledger, tally.done);
      const { ledger, comparison } = assessment;
      if (orders.isOutdated) return unfinished(await this.#planner.plan(view, assessment));
      if (stored !== undefined && isOther(stored, ledger)) this.#parts.contests.clear();
      // Saved before any change, so that the items of the cluster are known even after a crash.
      await store.save(ledger);
      const plan = await this.#planner.plan(view, assessment);
      const { steps, areDrops } = tally.next(plan);
      if (steps.length === 0) {
        for (const { error } of reading.unread.failures) tally.noteUnread(error);
        await this.#finish(ledger, plan, { view, reading, origin }, options);
        return { ...report(plan), ...missedIn(ledger) };
      }
      if (round === maxRounds || (areDrops && leavesDrops)) return unfinished(plan);
      if (areDrops && !hasHesitated) {
        hasHesitated = true;
        await hesitate();
        round += 1;
        continue;
      }
      if (areDrops) {
        if (!isCurrent()) return unfinished(plan);
        tally.beginDrops();
        await store.useConfirmation();
      }
      const dropping = withDropped(
        ledger,
        steps.map(({ action }) => action),
      );
      await store.save(dropping);
      if (dropping !== ledger) search = 'afterDrops';
      for (const step of steps) {
        await pace.turn(signal);
        if (areDrops && !isCurrent()) break;
        const password = 'user' in step.action ? comparison.secrets.get(step.action.user) : undefined;
        const outcome = await this.#runner.run(step, password, tally, signal);
        if (typeof outcome === 'object') {
          tally.noteTrouble(step, outcome);
          continue;
        }
        tally.note(step, outcome);
        if (outcome === undefined) this.#parts.contests.note(step, view.wanted);
        onStep(step, outcome);
      }
      round += 1;
    }
  }

  /** Reads the orders up to the version that is applied, and carries out the open ones (R36). */
  async #carryOutOrders(
    { view, reading, origin, checked }: OrdersInput,
    { orders, given, signal, isCurrent = () => true, onStep = () => {} }: ConvergenceOptions,
    tally: Tally,
  ): Promise<{ ledger: Ledger | undefined; isOver: boolean; isOutdated?: boolean }> {
    if (orders === undefined) return { ledger: checked, isOver: true };
    const mine = continued(checked ?? emptyLedger(view.server, origin), { server: view.server, origin });
    const ordersView: OrdersView = { origin, reading, present: view.present, signal, given };
    const read = await this.#parts.orders.read(mine, orders, ordersView);
    const run = async (step: Step) => {
      await this.#parts.pace.turn(signal);
      const outcome = await this.#runner.run(step, undefined, tally, signal);
      if (typeof outcome === 'object') throw outcome;
      if (outcome === undefined) tally.note(step, outcome);
      this.#parts.contests.forget(step.item);
      onStep(step, outcome);
      return outcome;
    };
    return this.#parts.orders.carryOut(read, ordersView, { isCurrent, run });
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
    // What was not read may differ.
    const isApplied = orders !== undefined && reading.unread.failures.length === 0;
    const applied = isApplied
      ? await this.#parts.orders.applied(ledger, ordersView, view.wanted, now)
      : ledger;
    const saved = withConfirmable(applied, plan);
    await store.save(saved);
    // Used, or not pending any more: it must not confirm the same drops if they come up again.
    const given = await store.confirmation();
    if (given !== undefined && !saved.confirmable.has(given)) await store.useConfirmation();
  }

  /** As {@link OwnStatements.carryOut}. */
  carryOut(
    step: Step,
    wanted: MetaData,
    origin: Origin,
    options?: OwnStatementOptions,
  ): Promise<string | undefined> {
    return this.#ownStatements.carryOut(step, wanted, origin, options);
  }

  /** Gives the server a user that has just logged in. Rejects if the server cannot be used, or cannot have the user. */
  makeUser(login: UserLogin, context: LoginContext): Promise<UserPresence> {
    return this.#users.make(login, context);
  }

  /** Returns whether a subscription belongs to each server alone. */
  isLocalSubscription(name: string): boolean {
    return this.#parts.local.isLocal({ name });
  }

  /** Records, before the server is read, that the cluster's metadata belongs to another history from now on. */
  async forget(): Promise<void> {
    const { store } = this.#parts;
    await store.own();
    const ledger = await store.load();
    if (ledger !== undefined) await store.save(forget(ledger));
  }
}

interface OrdersInput {
  readonly view: View;
  readonly reading: Reading;
  readonly origin: Origin;
  /** The ledger that the loss guard returned. */
  readonly checked: Ledger | undefined;
}

const missedIn = ({ orders: { missedUpTo } }: Ledger) =>
  missedUpTo === undefined ? {} : { missedOrders: missedUpTo };

/** Returns whether the server is another one, or its metadata was recreated. */
const isOther = (before: Ledger, after: Ledger) =>
  before.rebuilds !== after.rebuilds || !isSameServer(before.server, after.server);
