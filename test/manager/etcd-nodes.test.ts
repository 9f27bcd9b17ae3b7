import { EtcdStore, type HeartbeatResult, type ManagerStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { Clock } from '../../src/clock.js';
import { systemClock } from '../../src/clock.js';
import type { StoreContext } from '../../src/manager/manager-store.js';
import {
  decodeLivenessDelta,
  encodeLivenessDelta,
} from '../../src/manager/stores/etcd/nodes/liveness-delta.js';
import { type EtcdCluster, startEtcd } from '../support/etcd.js';
import { describeWithServer } from '../support/servers.js';

const context: StoreContext = {
  clock: systemClock,
  random: Math.random,
  nodeTtl: 15_000,
  keepVersions: 10,
  mutationMemory: 600_000,
  maxNodes: 100_000,
};
const node = { ip: '', hostname: 'h', bindAddress: 'h:8086' };
/** Of a store whose clock stands still but for the quarter of a second in which heartbeats are gathered. */
async function heartbeat(store: ManagerStore, clock: ManualClock, id: number): Promise<HeartbeatResult> {
  const beating = store.heartbeat('c', id);
  await clock.advance(250);
  return beating;
}
const base64 = (text: string) => Buffer.from(text).toString('base64');

describeWithServer('etcd', 'the nodes of managers on one etcd', () => {
  let etcd: EtcdCluster;
  let prefixes = 0;

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.close());

  const fresh = () => ({ endpoints: etcd.endpoints, prefix: `/nodes-${prefixes++}/` });
  const openStore = async (options = fresh(), clock: Clock = systemClock): Promise<EtcdStore> => {
    const store = new EtcdStore(options);
    onTestFinished(() => store.close());
    await store.open({ ...context, clock });
    return store;
  };
  const revision = async () =>
    Number(Object((await etcd.gateway('kv/range', { key: 'AA==' }))['header']).revision);
  const alive = async (store: ManagerStore) =>
    (await store.nodes('c')).filter((each) => each.alive).map(({ id }) => id);

  it('R28: after a time without etcd, in which records expired, a manager does not claim to know all nodes', async () => {
    const clock = new ManualClock();
    const store = await openStore(fresh(), clock);
    await store.nodes('c');
    await clock.advance(1_000);
    await store.nodes('c');
    expect(store.knowsNodesSince()).toBeLessThan(1_000);
    // As if the process had been stopped.
    clock.pause(60_000);
    await store.nodes('c');
    expect(store.knowsNodesSince()).toBe(clock.monotonic());
  });

  it('a thousand heartbeats at once are one write', async () => {
    const store = await openStore();
    const ids: number[] = [];
    while (ids.length < 1_000)
      ids.push(...(await Promise.all(Array.from({ length: 100 }, () => store.addNode('c', node)))));
    const before = await revision();
    const known = await Promise.all(ids.map((id) => store.heartbeat('c', id)));
    expect(known.every(Boolean)).toBe(true);
    expect((await revision()) - before).toBe(1);
  });

  it('R24: heartbeats of unknown nodes and clusters write nothing, and read many keys at once', async () => {
    const store = await openStore();
    const id = await store.addNode('c', node);
    expect(await store.heartbeat('c', id)).toBe(true);
    const before = await revision();
    const unknown = [
      ...Array.from({ length: 500 }, (_, i) => store.heartbeat(`${'\u0001'.repeat(245)}${i}`, 1)),
      ...Array.from({ length: 500 }, (_, i) => store.heartbeat('c', id + 1 + i)),
      ...Array.from({ length: 500 }, (_, i) => store.heartbeat(`c-${i}`, id, true)),
    ];
    expect((await Promise.all(unknown)).filter(Boolean)).toEqual([]);
    expect(await revision()).toBe(before);
    expect(await store.heartbeat('c', id)).toBe(true);
  });

  it('R24: a flood of unknown nodes of one cluster does not push out the heartbeat of another cluster', async () => {
    const options = fresh();
    const [store, other] = [await openStore(options), await openStore(options)];
    await store.addNode('flooded', node);
    const id = await other.addNode('small', node);
    const small = store.heartbeat('small', id);
    const flood = Array.from({ length: 5_000 }, (_, i) => Promise.resolve(store.heartbeat('flooded', 1 + i)));
    const [answer, ...others] = await Promise.allSettled([small, ...flood]);
    expect(answer).toEqual({ status: 'fulfilled', value: true });
    const refused = others.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(3_000);
    expect(refused[0]).toMatchObject({
      reason: { code: 'UNAVAILABLE', outcome: 'notApplied', retryable: true },
    });
  });

  it('R24: a flood of invented clusters does not push out the heartbeat of a cluster that has data', async () => {
    const options = fresh();
    const [store, other] = [await openStore(options), await openStore(options)];
    const id = await other.addNode('real', node);
    await other.commit({ cluster: 'real', base: 0, snapshot: new Uint8Array([1]), mutation: 'm' });
    await store.head('real');
    const answered: string[] = [];
    const heartbeat = async (cluster: string, nodeId: number) => {
      const isKnown = await store.heartbeat(cluster, nodeId);
      answered.push(cluster);
      return isKnown;
    };
    const beats = [heartbeat('real', id), heartbeat('real', id + 1)];
    const flood = Array.from({ length: 5_000 }, (_, i) => heartbeat(`invented-${i}`, id));
    const results = await Promise.allSettled([...beats, ...flood]);
    expect(results.slice(0, 2)).toMatchObject([{ value: true }, { value: false }]);
    expect(answered.indexOf('real'), 'it is in the first read').toBeLessThan(100);
  });

  it('R24: a flood of unknown nodes of a known cluster lets clusters be found that this manager does not know', async () => {
    const options = fresh();
    const [store, other] = [await openStore(options), await openStore(options)];
    await store.addNode('known', node);
    const id = await other.addNode('elsewhere', node);
    const answered: string[] = [];
    const heartbeat = async (cluster: string, nodeId: number) => {
      const isKnown = await store.heartbeat(cluster, nodeId);
      answered.push(cluster);
      return isKnown;
    };
    const flood = Array.from({ length: 1_500 }, (_, i) => heartbeat('known', i + 1));
    expect(await heartbeat('elsewhere', id + 1)).toBe(false);
    expect(answered.indexOf('elsewhere'), 'it is in the first read').toBeLessThan(100);
    await Promise.all(flood);
  });

  it('R24: registrations and heartbeats of the longest names and fields fit into what etcd takes', async () => {
    const store = await openStore();
    const field = '\u0001'.repeat(4_096);
    const longest = { ip: field, hostname: field, bindAddress: field };
    const clusters = Array.from({ length: 400 }, (_, i) => '\u0001'.repeat(251) + String(1_000 + i));
    const ids = await Promise.all(clusters.map((cluster) => store.addNode(cluster, longest)));
    const beats = () => Promise.all(clusters.map((cluster, i) => store.heartbeat(cluster, ids[i] ?? 0)));
    expect((await beats()).every(Boolean)).toBe(true);
    // Of the second round nothing is looked up: all words are in one batch.
    expect((await beats()).every(Boolean)).toBe(true);
    expect(await store.nodes(clusters[7] ?? '')).toEqual([{ id: ids[7], ...longest, alive: true }]);
  });

  it('R24: what etcd refuses to take at once is split, and only a single one too large is refused', async () => {
    const small = await startEtcd(1, { args: ['--max-request-bytes', '20000'] });
    onTestFinished(() => small.close());
    const store = await openStore({ endpoints: small.endpoints, prefix: '/small/' });
    const withName = (length: number) => ({ ...node, hostname: 'h'.repeat(length) });
    const lengths = Array.from({ length: 50 }, (_, i) => (i === 20 ? 30_000 : 1_000));
    const added = await Promise.allSettled(
      lengths.map((length, i) => store.addNode(`c-${i}`, withName(length))),
    );
    const refused = added.flatMap((result, i) => (result.status === 'rejected' ? [[i, result.reason]] : []));
    expect(refused).toEqual([[20, expect.objectContaining({ code: 'TOO_LARGE', outcome: 'notApplied' })]]);
    const clusters = Array.from({ length: 200 }, (_, i) => 'n'.repeat(240) + i);
    const ids = await Promise.all(clusters.map((cluster) => store.addNode(cluster, node)));
    for (let round = 0; round < 2; round++) {
      const beats = await Promise.all(clusters.map((cluster, i) => store.heartbeat(cluster, ids[i] ?? 0)));
      expect(beats.every(Boolean)).toBe(true);
    }
  });

  it('R24: a cluster whose nodes cannot be read fails its own heartbeats only', async () => {
    const options = fresh();
    const store = await openStore(options);
    const [a, b] = [await store.addNode('a', node), await store.addNode('b', node)];
    const key = base64(`${options.prefix}node/b/garbage`);
    await etcd.gateway('kv/put', { key, value: base64('garbage') });
    expect(await Promise.all([store.heartbeat('a', a), store.heartbeat('b', b)])).toEqual([true, true]);
    await expect(store.nodes('b')).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(await alive(store)).toEqual([]);
  });

  it('R23: the last liveness change of a node counts, whichever manager recorded it', async () => {
    const options = fresh();
    const [a, b] = [await openStore(options), await openStore(options)];
    const id = await a.addNode('c', node);
    const others = await b.addNode('c', node);
    for (const [teller, listener] of [
      [a, b],
      [b, a],
    ] as const) {
      await teller.heartbeat('c', id, true);
      expect(await alive(listener)).toEqual([others]);
      // The other manager got a recent heartbeat, and needs no read to know that the node has not left.
      await listener.heartbeat('c', id);
      expect(await alive(teller)).toEqual([id, others]);
      await Promise.all([listener.heartbeat('c', id), listener.heartbeat('c', others)]);
      await listener.heartbeat('c', id, true);
      expect(await alive(teller)).toEqual([others]);
      await teller.heartbeat('c', id);
    }
  });

  it('R10: nodes that register while others do are known to every manager', async () => {
    const options = fresh();
    const stores = await Promise.all([openStore(options), openStore(options), openStore(options)]);
    const life = async (number: number) => {
      const at = (step: number) => stores[(number + step) % 3] as EtcdStore;
      const id = await at(0).addNode('c', node);
      return [await at(1).heartbeat('c', id), await at(2).heartbeat('c', id), await at(0).heartbeat('c', id)];
    };
    const lives = await Promise.all(Array.from({ length: 300 }, (_, number) => life(number)));
    expect(lives.flat().filter((known) => !known)).toEqual([]);
    for (const store of stores) expect(await alive(store)).toHaveLength(300);
  });

  it('R23: lists that are requested concurrently are all correct, while nodes come and go', async () => {
    const options = fresh();
    const [a, b] = [await openStore(options), await openStore(options)];
    const added = await Promise.all(Array.from({ length: 20 }, () => a.addNode('c', node)));
    const ids = added.toSorted((one, other) => one - other);
    const [comesAndGoes = 0, ...stay] = ids;
    for (let round = 0; round < 10; round++) {
      const leaving = round % 2 === 0;
      const lists = Promise.all(Array.from({ length: 10 }, (_, i) => alive(i % 2 ? a : b)));
      const stayed = stay.map((id) => a.heartbeat('c', id));
      await Promise.all([...stayed, b.heartbeat('c', comesAndGoes, leaving)]);
      for (const list of await lists) expect(list).toEqual(expect.arrayContaining(stay));
      const expected = ids.filter((id) => !(leaving && id === comesAndGoes));
      expect(await Promise.all([alive(a), alive(b)])).toEqual([expected, expected]);
    }
  });

  it('a node whose key was deleted by hand is unknown within a minute', async () => {
    const options = fresh();
    const clock = new ManualClock(Date.now());
    const store = await openStore(options, clock);
    const id = await store.addNode('c', node);
    expect(await heartbeat(store, clock, id)).toBe(true);
    const range_end = base64(`${options.prefix}node0`);
    await etcd.gateway('kv/deleterange', { key: base64(`${options.prefix}node/`), range_end });
    const answers: HeartbeatResult[] = [];
    for (let seconds = 0; seconds <= 60; seconds += 5) {
      answers.push(await heartbeat(store, clock, id));
      await clock.advance(4_750);
    }
    expect(answers.at(0)).toBe(true);
    expect(answers.at(-1)).toBe(false);
  });
});

it('a liveness record round-trips, and is little larger than its changes', () => {
  const ids = Array.from({ length: 1_000 }, (_, i) => 1_790_000_000_000 + 2 * i);
  const news = [
    { cluster: '__proto__', alive: [5, 3], left: [9] },
    { cluster: 'a/b', alive: ids.toReversed(), left: [] },
  ];
  const record = encodeLivenessDelta(news);
  const sorted = news.map((each) => ({ ...each, alive: each.alive.toSorted((a, b) => a - b) }));
  expect([...decodeLivenessDelta('key', record).values()]).toEqual(sorted);
  expect(record.byteLength).toBeLessThan(2 * ids.length + 200);
});

it.each([
  '',
  '[]',
  '{"news":1}',
  '{"news":[{"cluster":"a","alive":["1"],"left":[]}]}',
  '{"news":[{"cluster":"a","alive":[1]}]}',
])('a record %j, which no manager writes, is refused with its key', (value) => {
  expect(() => decodeLivenessDelta('/clusterflux/node-log/x', Buffer.from(value))).toThrow(/node-log\/x/);
});
