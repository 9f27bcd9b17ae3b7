import type { Clock } from '../../clock.js';
import type { MetaData } from '../../meta/records.js';
import { itemForm } from '../plan/item-form.js';
import type { Finding, Plan, Step } from '../plan/plan.js';
import { type Item, keyOf } from '../statements/item.js';

/** An item that was corrected in this many convergences within {@link window} is contested. */
const maxRounds = 3;
/** Milliseconds: one hour. */
const window = 3_600_000;

/** How often an item was corrected. */
interface Contest {
  readonly item: Item;
  /** The cluster's form of the item at that time; another form starts a new count. */
  readonly form: string;
  /** When it was corrected, once per convergence. */
  readonly times: number[];
  /** The last convergence that corrected it. */
  round: number;
}

/**
 * Detects that another program repeatedly reverts a change, such as one that manages its own subscription. Such an item is not
 * changed until the cluster changes it or an hour has passed; otherwise the two would never stop.
 */
export class Contests {
  readonly #clock: Clock;
  readonly #contests = new Map<string, Contest>();
  #round = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Starts a round: several changes of one item in a convergence or survey count once. */
  begin(): void {
    this.#round += 1;
    const isOver = ({ times }: Contest) => this.#ageOf(times.at(-1)) >= window;
    for (const [key, contest] of this.#contests) if (isOver(contest)) this.#contests.delete(key);
  }

  /** Records that `step` was made, for a cluster with the metadata `wanted`. */
  note({ item }: Step, wanted: MetaData): void {
    const key = keyOf(item);
    const known = this.#contests.get(key);
    const form = itemForm(wanted, item);
    if (known === undefined || known.form !== form || this.#isMadeAgain(item)) {
      this.#contests.set(key, { item, form, times: [this.#clock.monotonic()], round: this.#round });
    } else if (known.round !== this.#round) {
      known.round = this.#round;
      known.times.push(this.#clock.monotonic());
      if (known.times.length > maxRounds) known.times.shift();
    }
  }

  /** Returns `plan` with its contested steps moved to the pending findings. */
  hold(plan: Plan, wanted: MetaData): Plan {
    const held = new Set(plan.steps.filter((step) => this.#isContested(step, wanted)));
    if (held.size === 0) return plan;
    const begin = plan.steps.length - plan.drops;
    const drops = plan.steps.slice(begin).filter((step) => !held.has(step));
    const steps = plan.steps.filter((step) => !held.has(step));
    return { ...plan, steps, drops: drops.length, pending: [...plan.pending, ...[...held].map(contested)] };
  }

  /** Forgets the counts of an item and of what it contains, because a change that a user ordered reached it, not another program's. */
  forget(item: Item): void {
    const key = keyOf(item);
    for (const [each, contest] of this.#contests)
      if (each === key || holdersOf(contest.item).some((holder) => keyOf(holder) === key))
        this.#contests.delete(each);
  }

  /** Forgets all counts, because the server is another one, or its metadata was recreated. */
  clear(): void {
    this.#contests.clear();
  }

  /** Returns whether the parent of `item` was created in this convergence, so that nothing reverted the item itself. */
  #isMadeAgain(item: Item): boolean {
    return holdersOf(item).some((holder) => this.#contests.get(keyOf(holder))?.round === this.#round);
  }

  #isContested({ item }: Step, wanted: MetaData): boolean {
    const contest = this.#contests.get(keyOf(item));
    if (contest === undefined || contest.times.length < maxRounds) return false;
    // Further changes of the item in the same convergence belong to its last round.
    if (contest.round === this.#round) return false;
    const [first, last] = [contest.times[0], contest.times.at(-1)];
    const isWithinWindow = (last ?? 0) - (first ?? 0) < window && this.#ageOf(last) < window;
    return isWithinWindow && contest.form === itemForm(wanted, item);
  }

  #ageOf(time = Number.NEGATIVE_INFINITY): number {
    return this.#clock.monotonic() - time;
  }
}

function holdersOf(item: Item): Item[] {
  if (item.kind === 'database' || item.kind === 'user') return [];
  const database: Item = { kind: 'database', database: item.database };
  if (item.kind === 'grant') return [database, { kind: 'user', user: item.user }];
  if (item.kind !== 'subscription') return [database];
  return [database, { kind: 'retentionPolicy', database: item.database, policy: item.policy }];
}

const contested = (step: Step): Finding => ({
  ...step,
  reason: `contested: another program reverted this ${maxRounds} times within an hour (${step.reason}); retried in an hour or after a change of it`,
});
