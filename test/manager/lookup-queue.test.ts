import { describe, expect, it } from 'vitest';
import { type Lookup, LookupQueue } from '../../src/manager/stores/etcd/nodes/lookup-queue.js';

const lookup = (cluster: string, nodeId: number): Lookup => ({
  cluster,
  nodeId,
  resolve: () => {},
  reject: () => {},
});
const names = (lookups: readonly Lookup[]) => lookups.map(({ cluster, nodeId }) => `${cluster}${nodeId}`);
const queueOf = (most: number, lookups: readonly Lookup[]) => {
  const queue = new LookupQueue(most);
  const dropped = lookups.flatMap((each) => queue.add(each) ?? []);
  return { queue, dropped };
};

describe('R24: lookups that wait', () => {
  it('the oldest lookup of the cluster with the most is dropped', () => {
    const flood = Array.from({ length: 6 }, (_, i) => lookup('f', i));
    const { queue, dropped } = queueOf(4, [lookup('a', 1), ...flood, lookup('b', 1)]);
    expect(names(dropped)).toEqual(['f0', 'f1', 'f2', 'f3']);
    expect(names(queue.drain()).sort()).toEqual(['a1', 'b1', 'f4', 'f5']);
  });

  it('the clusters take turns, and the newest lookup of each is first', () => {
    const { queue } = queueOf(
      10,
      [1, 2, 3].flatMap((id) => [lookup('a', id), lookup('b', id)]),
    );
    queue.add(lookup('c', 1));
    expect(names(queue.take(4))).toEqual(['c1', 'b3', 'a3', 'b2']);
    expect(queue.size).toBe(3);
    expect(names(queue.take(10))).toEqual(['b1', 'a2', 'a1']);
    expect(queue.take(10)).toEqual([]);
  });

  it('of many clusters with one lookup each the oldest is dropped', () => {
    const { dropped } = queueOf(
      3,
      ['a', 'b', 'c', 'd', 'e'].map((cluster) => lookup(cluster, 1)),
    );
    expect(names(dropped)).toEqual(['a1', 'b1']);
  });
});
