import type { ShardGroupInfo } from 'clusterflux';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupAt, withGroup } from '../../src/meta/shard-group-list.js';
import { byTime, holdsTime } from '../../src/meta/shard-group-times.js';

const time = fc.bigInt({ min: 0n, max: 30n });

const group: fc.Arbitrary<ShardGroupInfo> = fc
  .record(
    {
      id: fc.bigInt({ min: 0n, max: 1_000_000n }),
      startTime: time,
      length: fc.bigInt({ min: 0n, max: 6n }),
      deletedAt: fc.constant(1n),
      truncatedAt: time,
    },
    { requiredKeys: ['id', 'startTime', 'length'] },
  )
  .map(({ length, startTime, ...rest }) => ({ ...rest, startTime, endTime: startTime + length, shards: [] }));

/** Groups of one length side by side; reads of their times are counted. */
function sideBySide(count: number): { readonly groups: ShardGroupInfo[]; readonly reads: () => number } {
  let reads = 0;
  const counted = (value: bigint) => ({
    get: () => {
      reads++;
      return value;
    },
    enumerable: true,
  });
  const groups = Array.from({ length: count }, (_, at) =>
    Object.defineProperties({ id: BigInt(at), shards: [] } as unknown as ShardGroupInfo, {
      startTime: counted(BigInt(at) * 10n),
      endTime: counted(BigInt(at) * 10n + 10n),
    }),
  );
  return { groups, reads: () => reads };
}

describe('the shard groups of a policy', () => {
  it('are found and added to as a search of all and a sort would, whatever the groups are', () => {
    fc.assert(
      fc.property(
        fc.array(group, { maxLength: 12 }),
        fc.boolean(),
        fc.array(group, { maxLength: 4 }),
        time,
        (all, sorted, added, at) => {
          let groups: readonly ShardGroupInfo[] = sorted ? all.toSorted(byTime) : all;
          let expected = groups;
          for (const one of added) {
            groups = withGroup(groups, one);
            expected = [...expected, one].sort(byTime);
            expect(groups).toEqual(expected);
            expect(groupAt(groups, at)).toBe(expected.find((each) => holdsTime(each, at)));
          }
          expect(groupAt(groups, at)).toBe(expected.find((each) => holdsTime(each, at)));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('R9: are searched and added to by bisection once their order is known', () => {
    const { groups, reads } = sideBySide(10_000);
    groupAt(groups, 0n);
    const before = reads();
    const {
      groups: [added],
    } = sideBySide(1);
    const longer = withGroup(groups, { ...added, startTime: 50_000n, endTime: 50_010n } as ShardGroupInfo);
    expect(longer).toHaveLength(10_001);
    expect(groupAt(longer, 99_995n)?.id).toBe(9_999n);
    expect(reads() - before).toBeLessThan(200);
  });
});
