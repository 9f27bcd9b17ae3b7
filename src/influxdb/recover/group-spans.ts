import { compareBigints } from '../../bigint-order.js';
import { day, hour, minute, week } from '../../meta/durations.js';
import { shardGroupSpan } from '../../meta/shard-group-times.js';
import type { TimeRange } from '../../tsm/time-range.js';

/** The times of a shard's points. */
export interface ShardTimes extends TimeRange {
  readonly id: bigint;
}

/** The time span of the group that a shard belongs to. */
export interface GroupSpan {
  readonly startTime: bigint;
  /** Exclusive. */
  readonly endTime: bigint;
  /** The shard duration that the policy had when the group was created; `undefined` if no duration explains the points. */
  readonly duration: bigint | undefined;
}

/** What InfluxDB chooses for a policy; longer ones explain less data, so they are tried first. */
const automatic = [week, day, hour];

/** Other durations that people choose. */
const chosen = [2n, 3n, 4n, 6n, 8n, 12n, 48n, 72n, 96n, 120n, 240n, 336n, 672n, 720n, 744n].map(
  (hours) => hours * hour,
);
const longer = [60n, 90n, 91n, 180n, 182n, 364n, 365n, 366n, 728n, 730n, 3_640n, 3_650n, 36_400n].map(
  (days) => days * day,
);

/** Shards in a row that are enough evidence for a duration. */
const enough = 3;
/** Shards in a row that are compared between unusual durations. */
const most = 64;

/** The first instant that a file can express. */
const earliest = -(2n ** 63n);

/**
 * Infers the time spans of the shard groups of one policy.
 *
 * InfluxDB creates a group when a point arrives whose time no group holds: it begins at a multiple of the policy's shard duration, and
 * ids are assigned in ascending order. So a group whose span includes a point of a shard that was created later cannot have existed; and
 * the duration changes seldom. From the newest shard to the oldest, a duration is kept while it explains the shards.
 *
 * @param known shard durations that the policy has or is known to have had, the present one first
 */
export function inferSpans(
  shards: readonly ShardTimes[],
  known: readonly bigint[],
): ReadonlyMap<bigint, GroupSpan> {
  return new SpanInference(shards, known).spans();
}

/**
 * Whether a span may include points of a shard that was created before. It does after the duration became longer, but rarely
 * otherwise.
 */
type Groups = 'apart' | 'overlapping';

class SpanInference {
  /** In order of creation. */
  readonly #shards: readonly ShardTimes[];
  /** Places in `#shards`, by their first points and by their last points. */
  readonly #byFirst: readonly number[];
  readonly #byLast: readonly number[];
  readonly #known: readonly bigint[];
  readonly #usual: readonly bigint[];
  readonly #unusual: readonly bigint[];

  constructor(shards: readonly ShardTimes[], known: readonly bigint[]) {
    this.#shards = [...shards].sort((one, other) => compareBigints(one.id, other.id));
    const places = this.#shards.map((_, place) => place);
    this.#byFirst = places.toSorted((one, other) =>
      compareBigints(this.#at(one).first, this.#at(other).first),
    );
    this.#byLast = places.toSorted((one, other) => compareBigints(this.#at(one).last, this.#at(other).last));
    this.#known = [...new Set(known)].filter((duration) => duration > 0n);
    this.#usual = [...new Set([...this.#known, ...automatic])];
    this.#unusual = [...chosen, ...longer, ...this.#distances()]
      .filter((duration) => !this.#usual.includes(duration))
      .sort(compareBigints);
  }

  spans(): ReadonlyMap<bigint, GroupSpan> {
    const spans = new Map<bigint, GroupSpan>();
    let [current] = this.#known;
    for (let place = this.#shards.length - 1; place >= 0; place--) {
      const shard = this.#at(place);
      current = this.#next(current, place);
      spans.set(shard.id, current === undefined ? fallback(shard) : alignedSpan(shard, current));
    }
    return spans;
  }

  /** Returns the duration at `place`, where `current` is that of the shard created next. */
  #next(current: bigint | undefined, place: number): bigint | undefined {
    const [present] = this.#known;
    if (present !== undefined && this.#run(present, place, 'apart', enough) === enough) return present;
    const mayKeep = (groups: Groups) =>
      current !== undefined && this.#explains(current, place, groups) ? current : undefined;
    return (
      mayKeep('apart') ??
      this.#best(this.#usual, place, 'apart', enough) ??
      this.#best(this.#unusual, place, 'apart', enough) ??
      this.#best(this.#usual, place, 'apart') ??
      mayKeep('overlapping') ??
      this.#best(this.#usual, place, 'overlapping') ??
      this.#best(this.#unusual, place, 'overlapping')
    );
  }

  /** Returns the duration that explains most shards from `place` to older ones, at least `least`; the first of several. */
  #best(durations: readonly bigint[], place: number, groups: Groups, least = 1): bigint | undefined {
    // For usual durations a few shards are enough, because their order is that of their likelihood.
    const limit = durations === this.#usual ? enough : most;
    const runs = durations.map((duration) => this.#run(duration, place, groups, limit));
    const longest = Math.max(...runs);
    return longest < least ? undefined : durations[runs.indexOf(longest)];
  }

  /** Returns how many shards in a row `duration` explains, from `place` to older ones, at most `limit`. */
  #run(duration: bigint, place: number, groups: Groups, limit: number): number {
    let count = 0;
    while (count < limit && place - count >= 0 && this.#explains(duration, place - count, groups)) count += 1;
    return count;
  }

  /** Returns whether a group of `duration` holds all points of the shard, and would not have held points of a later shard. */
  #explains(duration: bigint, place: number, groups: Groups): boolean {
    const shard = this.#at(place);
    const span = alignedSpan(shard, duration);
    if (shard.last >= span.endTime) return false;
    const isOther = (other: number) => other > place || (groups === 'apart' && other < place);
    return (
      !this.#has(this.#byFirst, 'first', span, isOther) && !this.#has(this.#byLast, 'last', span, isOther)
    );
  }

  /** Returns whether the first or last point of a shard for which `isOther` is true lies within `span`. */
  #has(
    order: readonly number[],
    end: 'first' | 'last',
    { startTime, endTime }: GroupSpan,
    isOther: (place: number) => boolean,
  ): boolean {
    let [low, high] = [0, order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#at(order[middle] ?? 0)[end] < startTime) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < order.length; at++) {
      const place = order[at] ?? 0;
      if (this.#at(place)[end] >= endTime) return false;
      if (isOther(place)) return true;
    }
    return false;
  }

  /** Returns the most frequent distance between the beginnings of shards, rounded to minutes and to hours. */
  #distances(): readonly bigint[] {
    const counts = new Map<bigint, number>();
    for (let at = 1; at < this.#byFirst.length; at++) {
      const [before, after] = [this.#byFirst[at - 1] ?? 0, this.#byFirst[at] ?? 0];
      const distance = this.#at(after).first - this.#at(before).first;
      for (const unit of [minute, hour]) {
        const rounded = ((distance + unit / 2n) / unit) * unit;
        if (rounded >= hour) counts.set(rounded, (counts.get(rounded) ?? 0) + 1);
      }
    }
    return [...counts]
      .sort(([, one], [, other]) => other - one)
      .slice(0, 2)
      .map(([duration]) => duration);
  }

  #at(place: number): ShardTimes {
    return this.#shards[place] ?? nothing;
  }
}

const nothing: ShardTimes = { id: 0n, first: 0n, last: 0n };

function alignedSpan({ first }: TimeRange, duration: bigint): GroupSpan {
  const { startTime, endTime } = shardGroupSpan(first, duration);
  return { startTime: startTime < earliest ? earliest : startTime, endTime, duration };
}

/** The shortest usual span that holds the points, whatever else it holds; without one, exactly the points. */
function fallback(shard: ShardTimes): GroupSpan {
  const durations = [...automatic, ...chosen, ...longer].sort(compareBigints);
  for (const duration of durations) {
    const span = alignedSpan(shard, duration);
    if (shard.last < span.endTime) return span;
  }
  return { startTime: shard.first, endTime: shard.last + 1n, duration: undefined };
}
