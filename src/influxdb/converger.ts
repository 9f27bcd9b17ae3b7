import type { DatabaseInfo, MetaData } from '../meta/records.js';
import { firstByName } from './draft.js';
import type { InfluxConnection } from './influx-connection.js';
import { keyOf } from './item.js';
import {
  type Agreement,
  agree,
  agreementOn,
  emptyLedger,
  forget,
  type Ledger,
  type Origin,
  observe,
  settle,
} from './ledger.js';
import type { LedgerStore } from './ledger-store.js';
import { makePlan } from './make-plan.js';
import type { MetadataReader, Reading } from './metadata-reader.js';
import type { MirrorSettings } from './mirror-options.js';
import type { Pace } from './pace.js';
import type { Judgement, PasswordJudge } from './passwords.js';
import type { Plan, Step } from './plan.js';
import type { Report } from './report.js';
import { runStep } from './run-step.js';
import { Tally } from './tally.js';

/** More readings than a convergence needs: changes, second thoughts, drops, and a look at what came of them. */
const mostRounds = 6;

export interface ConvergerParts {
  readonly connection: InfluxConnection;
  readonly reader: MetadataReader;
  readonly store: LedgerStore;
  readonly judge: PasswordJudge;
  readonly pace: Pace;
  readonly settings: MirrorSettings;
}

/** A look at a server. */
export interface Survey {
  /** The server's metadata. */
  readonly present: MetaData;
  /** What convergence would do. */
  readonly plan: Plan;
  /** Whether this mirror has never seen anything of a cluster. */
  readonly isFirst: boolean;
}

export interface ConvergenceOptions {
  /** Ends the convergence between two changes. */
  readonly signal?: AbortSignal | undefined;
  /** Asked before each drop: whether the cluster's metadata is still the one that the plan was made from. */
  readonly isCurrent?: () => boolean;
  /** Waited for once before drops; the server is read again after it. */
  readonly hesitate?: () => Promise<void>;
  /** Told after each change, with the reason where it was refused. */
  readonly onStep?: (step: Step, refusal: string | undefined) => void;
}

/** Brings one server in step: reads it, plans, changes it, and reads it again until there is nothing left to do. */
export class Converger {
  readonly #parts: ConvergerParts;

  constructor(parts: ConvergerParts) {
    this.#parts = parts;
  }

  /** What convergence would do now; changes nothing, on disk neither. */
  async survey(wanted: MetaData, origin: Origin, signal?: AbortSignal): Promise<Survey> {
    const reading = await this.#parts.reader.read(signal);
    const known = await this.#parts.store.load();
    const { ledger, judgement } = await this.#assess(wanted, origin, reading, []);
    return {
      present: reading.metadata,
      plan: await this.#makePlan(wanted, reading, ledger, judgement),
      isFirst: known === undefined || known.current.size + known.held.size === 0,
    };
  }

  async converge(wanted: MetaData, origin: Origin, options: ConvergenceOptions): Promise<Report> {
    const { signal, isCurrent = () => true, hesitate = async () => {}, onStep = () => {} } = options;
    const { connection, store, reader, pace } = this.#parts;
    const tally = new Tally();
    let hasHesitated = false;
    for (let round = 1; ; round++) {
      const reading = await reader.read(signal);
      const { ledger, judgement } = await this.#assess(wanted, origin, reading, tally.done);
      // Before anything is changed: whatever happens from now on, what is the cluster's is known to be.
      await store.save(ledger);
      const plan = await this.#makePlan(wanted, reading, ledger, judgement);
      const { steps, areDrops } = tally.next(plan);
      if (steps.length === 0 || round === mostRounds) return this.#report(reading, plan, tally);
      if (areDrops && !hasHesitated) {
        hasHesitated = true;
        await hesitate();
        continue;
      }
      if (areDrops) {
        if (!isCurrent()) return this.#report(reading, plan, tally);
        tally.beginDrops();
        await store.useConfirmation();
      }
      for (const step of steps) {
        await pace.turn(signal);
        if (areDrops && !isCurrent()) break;
        const password = 'user' in step.action ? judgement.secrets.get(step.action.user) : undefined;
        const refusal = await runStep(connection, step.action, { password });
        tally.note(step, refusal);
        onStep(step, refusal);
      }
    }
  }

  /** Notes, before the server is looked at, that the cluster's metadata is of another history from now on. */
  async forget(): Promise<void> {
    const ledger = await this.#parts.store.load();
    if (ledger !== undefined) await this.#parts.store.save(forget(ledger));
  }

  async #assess(
    wanted: MetaData,
    origin: Origin,
    { metadata: present, source }: Reading,
    done: readonly Step[],
  ): Promise<{ readonly ledger: Ledger; readonly judgement: Judgement }> {
    const { store, judge, connection } = this.#parts;
    const server = {
      url: connection.address.url,
      clusterId: source === 'snapshot' ? present.clusterId : undefined,
    };
    const known = (await store.load()) ?? emptyLedger(server, origin);
    const observed = observe(known, { server, origin, wanted, present });
    const agreed = agree(observed, agreementsOf(done, wanted, present, source));
    const judgement = await judge.judge(wanted.users, present.users, agreed);
    return { ledger: settle(agree(agreed, judgement.agreements), wanted, present), judgement };
  }

  async #makePlan(
    wanted: MetaData,
    { metadata: present }: Reading,
    ledger: Ledger,
    judgement: Judgement,
  ): Promise<Plan> {
    const { drops, maxDrops } = this.#parts.settings;
    return makePlan({
      wanted,
      present,
      ledger,
      passwords: judgement.verdicts,
      account: this.#parts.connection.address.username,
      drops,
      maxDrops,
      confirmed: await this.#parts.store.confirmation(),
    });
  }

  #report({ source }: Reading, plan: Plan, tally: Tally): Report {
    const { refused, pending } = tally.leftOf(plan);
    const { confirmation } = plan;
    return {
      server: this.#parts.connection.address.url,
      source,
      done: tally.done,
      alreadySo: plan.alreadySo,
      refused: [...plan.refused, ...refused],
      pending: [...plan.pending, ...pending],
      onlyHere: plan.onlyHere,
      unverified: plan.unverified,
      ...(confirmation === undefined ? {} : { confirmation }),
    };
  }
}

/**
 * What the changes that were made agree on: the server's text of a query is what it made of the cluster's; and where hashes
 * cannot be read, the password is the one that was set. (Where they can, the next judgement compares.)
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
