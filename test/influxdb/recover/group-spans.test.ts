import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inferSpans, type ShardTimes } from '../../../src/influxdb/recover/group-spans.js';
import type { ShardGroupInfo } from '../../../src/meta/records.js';
import { byTime, holdsTime, shardGroupSpan } from '../../../src/meta/shard-group-times.js';

const hour = 3_600_000_000_000n;
const day = 24n * hour;
const week = 7n * day;
/** A Monday. */
const monday = BigInt(Date.UTC(2026, 0, 5)) * 1_000_000n;

/** Writes points as InfluxDB does; the shard duration changes between the parts. */
function written(parts: readonly { readonly duration: bigint; readonly times: readonly bigint[] }[]) {
  let groups: ShardGroupInfo[] = [];
  const points = new Map<bigint, bigint[]>();
  for (const { duration, times } of parts) {
    for (const time of times) {
      let group = groups.find((each) => holdsTime(each, time));
      if (group === undefined) {
        const id = BigInt(groups.length + 1);
        group = { id, ...shardGroupSpan(time, duration), shards: [{ id, owners: [] }] };
        groups = [...groups, group].sort(byTime);
      }
      points.set(group.id, [...(points.get(group.id) ?? []), time]);
    }
  }
  return { groups, points };
}

const timesOf = (points: ReadonlyMap<bigint, readonly bigint[]>): ShardTimes[] =>
  [...points].map(([id, times]) => {
    const sorted = times.toSorted((one, other) => (one < other ? -1 : 1));
    return { id, first: sorted[0] ?? 0n, last: sorted.at(-1) ?? 0n };
  });

/** The spans by shard, as groups in the order in which InfluxDB searches them. */
function recovered(
  points: ReadonlyMap<bigint, readonly bigint[]>,
  known: readonly bigint[],
): ShardGroupInfo[] {
  const spans = inferSpans(timesOf(points), known);
  return [...spans]
    .map(([id, { startTime, endTime }]) => ({ id, startTime, endTime, shards: [{ id, owners: [] }] }))
    .sort(byTime);
}

const spanTexts = (groups: readonly ShardGroupInfo[]) =>
  groups.map(({ id, startTime, endTime }) => `${id} ${startTime} ${endTime}`).sort();

/** Times from `from` on, every `step`, so many. */
const series = (from: bigint, step: bigint, count: number): bigint[] =>
  Array.from({ length: count }, (_, at) => from + BigInt(at) * step);

const durations = [hour, 2n * hour, 12n * hour, day, 2n * day, week, 30n * day];
const dense = fc
  .array(fc.record({ duration: fc.constantFrom(...durations), count: fc.integer({ min: 2, max: 8 }) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => {
    let from = monday;
    return parts.map(({ duration, count }) => {
      const step = duration / 6n;
      const times = series(from, step, count * 6);
      from += BigInt(count * 6) * step;
      return { duration, times };
    });
  });

const anywhere = fc.array(
  fc.record({
    duration: fc.constantFrom(...durations),
    times: fc.array(fc.bigInt({ min: monday, max: monday + 20n * week }), { minLength: 1, maxLength: 30 }),
  }),
  { minLength: 1, maxLength: 3 },
);

describe('R34: inferSpans', () => {
  it.each(durations)(
    'finds the groups of a policy that was filled without gaps, with its duration of %i ns',
    (duration) => {
      const { groups, points } = written([{ duration, times: series(monday, duration / 4n, 80) }]);
      expect(spanTexts(recovered(points, [duration]))).toEqual(spanTexts(groups));
      // Without a source, too.
      expect(spanTexts(recovered(points, []))).toEqual(spanTexts(groups));
    },
  );

  it('finds weekly groups with one point each, and daily and hourly ones, without any source', () => {
    for (const duration of [hour, day, week]) {
      const { groups, points } = written([{ duration, times: series(monday + 5n, duration, 20) }]);
      expect(spanTexts(recovered(points, []))).toEqual(spanTexts(groups));
    }
  });

  it('finds groups of unusual durations', () => {
    for (const duration of [5n * hour, 36n * hour, 90n * 60_000_000_000n, 10n * day, 13n * day, 365n * day]) {
      const { groups, points } = written([{ duration, times: series(monday, duration / 5n, 100) }]);
      expect(spanTexts(recovered(points, [])), String(duration)).toEqual(spanTexts(groups));
    }
  });

  it('finds groups of a duration that changed, from short to long and from long to short', () => {
    for (const order of [
      [hour, day, week],
      [week, day, hour],
      [day, hour, day],
    ]) {
      let from = monday;
      const parts = order.map((duration) => {
        const times = series(from, duration / 4n, 40);
        from += duration * 10n;
        return { duration, times };
      });
      const { groups, points } = written(parts);
      expect(spanTexts(recovered(points, order.slice(-1))), String(order)).toEqual(spanTexts(groups));
    }
  });

  it('returns spans that hold all points, so that each is found in its own shard again, for data without gaps', () => {
    fc.assert(
      fc.property(dense, fc.boolean(), (parts, isKnown) => {
        const { points } = written(parts);
        const groups = recovered(points, isKnown ? [parts.at(-1)?.duration ?? 0n] : []);
        for (const [id, times] of points) {
          for (const time of times) expect(groups.find((group) => holdsTime(group, time))?.id).toBe(id);
        }
      }),
    );
  });

  it('returns spans that hold all points of their shard, whatever was written', () => {
    fc.assert(
      fc.property(anywhere, fc.array(fc.constantFrom(...durations), { maxLength: 2 }), (parts, known) => {
        const { points } = written(parts);
        const groups = new Map(recovered(points, known).map((group) => [group.id, group]));
        for (const [id, times] of points) {
          for (const time of times) {
            const group = groups.get(id);
            expect(group !== undefined && holdsTime(group, time)).toBe(true);
          }
        }
      }),
    );
  });

  it('holds points at the ends of time', () => {
    const [least, most] = [-(2n ** 63n), 2n ** 63n - 2n];
    const [first, second, all] = recovered(
      new Map([
        [1n, [least]],
        [2n, [most]],
        [3n, [least + 1n, most]],
      ]),
      [week],
    );
    for (const group of [first, second, all]) expect(group).toBeDefined();
    expect(inferSpans([{ id: 3n, first: least + 1n, last: most }], [week]).get(3n)).toEqual({
      startTime: least + 1n,
      endTime: most + 1n,
      duration: undefined,
    });
  });
});
