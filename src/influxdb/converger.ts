import { type CfluxError, isCfluxError } from '../errors.js';
import type { DatabaseInfo, MetaData } from '../meta/records.js';
import { Contests } from './contests.js';
import { firstByName } from './draft.js';
import type { InfluxConnection } from './influx-connection.js';
import { keyOf } from './item.js';
import {
  type Agreement,
  agree,
  agreementOn,
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
import type { Pace } from './pace.js';
import type { PasswordComparer, PasswordComparison } from './password-comparer.js';
import type { Finding, Plan, Step } from './plan.js';
import type { Report } from './report.js';
import { runStep } from './run-step.js';
import { snapshotFailure } from './snapshot-failure.js';
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
  /** Awaited once before drops; the server is read again afterwards. */
  readonly hesitate?: () => Promise<void>;
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

  constructor(parts: ConvergerParts) {
    this.#parts = parts;
    const { connection, reader, settings } = parts;
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
    const { signal, isCurrent = () => true, hesitate = async () => {}, onStep = () => {} } = options;
    const { store, reader, pace } = this.#parts;
    let hasHesitated = false;
    this.#contests.begin();
    for (let round = 1; ; round++) {
      const reading = await reader.read(signal);
      const stored = await store.load();
      const known = await this.#guard.check(reading, stored, origin, { isThorough: round === 1, signal });
      const view = this.#viewOf(wanted, reading);
      const { ledger, comparison } = await this.#assess(view, origin, known, tally.done);
      if (stored !== undefined && isOther(stored, ledger)) this.#contests.clear();
      // Saved before any change, so that the items of the cluster are known even after a crash.
      await store.save(ledger);
      const plan = await this.#makePlan(view, ledger, comparison);
      const { steps, areDrops } = tally.next(plan);
      if (steps.length === 0) return this.#report(reading, origin, plan, tally);
      if (round === maxRounds) return { ...this.#report(reading, origin, plan, tally), unfinished: true };
      if (areDrops && !hasHesitated) {
        hasHesitated = true;
        await hesitate();
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
    }
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
    const held = this.#contests.hold({ ...plan, local: shared }, wanted);
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
    const { confirmation, snapshotFailure } = plan;
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
    };
  }
}

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
