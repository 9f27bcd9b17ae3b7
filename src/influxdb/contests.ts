import type { Clock } from '../clock.js';
import type { MetaData } from '../meta/records.js';
import { type Item, keyOf } from './item.js';
import { itemForm } from './item-form.js';
import type { Finding, Plan, Step } from './plan.js';

/** An item that was set right in so many convergences within {@link window} is contested. */
const maxRounds = 3;
/** Milliseconds: one hour. */
const window = 3_600_000;

/** How often an item was set right. */
interface Contest {
  /** The cluster's form of the item at that time: another one begins a new count. */
  readonly form: string;
  /** When it was set right, once for each convergence. */
  readonly times: number[];
  /** The last convergence that did. */
  round: number;
}

/**
 * Notices that another party undoes a change each time it is made, such as a program that moves its own subscription. Such an
 * item is left alone until the cluster changes it or an hour has passed: otherwise the two parties would never stop.
 */
export class Contests {
  readonly #clock: Clock;
  readonly #contests = new Map<string, Contest>();
  #round = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A convergence or a survey begins; several changes of one item in it are one round. */
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
      this.#contests.set(key, { form, times: [this.#clock.monotonic()], round: this.#round });
    } else if (known.round !== this.#round) {
      known.round = this.#round;
      known.times.push(this.#clock.monotonic());
      if (known.times.length > maxRounds) known.times.shift();
    }
  }

  /** `plan` with its contested steps among what waits for the operator. */
  hold(plan: Plan, wanted: MetaData): Plan {
    const held = new Set(plan.steps.filter((step) => this.#isContested(step, wanted)));
    if (held.size === 0) return plan;
    const begin = plan.steps.length - plan.drops;
    const drops = plan.steps.slice(begin).filter((step) => !held.has(step));
    const steps = plan.steps.filter((step) => !held.has(step));
    return { ...plan, steps, drops: drops.length, pending: [...plan.pending, ...[...held].map(contested)] };
  }

  /** Another server, or one whose metadata was made again: nothing that happened before counts. */
  clear(): void {
    this.#contests.clear();
  }

  /** Whether what holds `item` was made in this convergence: then nothing undid the item by itself. */
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
  reason: `contested: something else undid this ${maxRounds} times within an hour (${step.reason}); left alone until the cluster changes it or an hour has passed`,
});
