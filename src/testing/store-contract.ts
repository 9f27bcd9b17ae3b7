import assert from 'node:assert/strict';
import type { Clock } from '../clock.js';
import { isCfluxError } from '../errors.js';
import type { Commit, ManagerStore, StoreContext } from '../manager/index.js';
import { systemRandom } from '../random.js';
import type { ContractCheck } from './contract.js';
import { ManualClock } from './manual-clock.js';

/** Where a store keeps its data, for one check. */
export interface StorePlace {
  /** A store on this place: each is what another process would have. */
  connect(): ManagerStore | Promise<ManagerStore>;
  /** Removes what is there. */
  destroy?(): Promise<void> | void;
}

/** The store that is checked. */
export interface StoreSubject {
  /** An empty place, a new one for each check. */
  place(): StorePlace | Promise<StorePlace>;
  /** Absent: time is simulated. For a store that expires nodes by real time: lets so many milliseconds pass. */
  readonly pass?: (ms: number) => Promise<void>;
  /** The clock of those who give `pass`. */
  readonly clock?: Clock;
  /** Milliseconds that a node lives in the checks. Default: 15,000. */
  readonly nodeTtl?: number;
}

/** What a check works with. */
interface Bench {
  readonly context: StoreContext;
  /** A store on the place of this check, open. */
  readonly store: ManagerStore;
  /** Another store on the same place, open. */
  another(): Promise<ManagerStore>;
  pass(ms: number): Promise<void>;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (snapshot: Uint8Array | undefined) => new TextDecoder().decode(snapshot);
const node = { ip: '10.0.0.1,', hostname: 'h', bindAddress: 'h:8086' };
const oddNames = [
  '__proto__',
  '../x',
  '%2e%2e',
  'a/b',
  'a b',
  'a+b',
  'é',
  'e\u0301',
  '\0',
  'x'.repeat(255),
  '🦆',
];

let mutations = 0;
const push = (cluster: string, base: number, snapshot: string, more: Partial<Commit> = {}): Commit => ({
  cluster,
  base,
  snapshot: bytes(snapshot),
  mutation: `mutation-${mutations++}`,
  ...more,
});

/** Commits on whatever is the newest, and answers the new version. */
async function commitNext(store: ManagerStore, cluster: string, snapshot: string): Promise<number> {
  const { latest } = await store.head(cluster);
  const result = await store.commit(push(cluster, latest?.version ?? 0, snapshot));
  assert.equal(result.kind, 'committed');
  return result.record.version;
}

const checks: Record<string, (bench: Bench) => Promise<void>> = {
  async 'a cluster without data has an epoch, and no version'({ store, another }) {
    const head = await store.head('a');
    assert.match(head.epoch, /^[\x21-\x7e]{1,128}$/);
    assert.equal(head.latest, undefined);
    assert.deepEqual(await store.history('a'), []);
    assert.deepEqual(await store.clusters(), []);
    assert.equal(await store.read('a', 1), undefined);
    const other = await another();
    assert.equal((await other.head('a')).epoch, head.epoch, 'one epoch for all processes');
    assert.notEqual((await store.head('b')).epoch, head.epoch, 'each cluster has its own');
  },

  async 'the first commit is taken at any base; afterwards only the newest is (R20)'({ store }) {
    const first = await store.commit(push('a', 42, 'one'));
    assert.equal(first.kind, 'committed');
    const conflict = await store.commit(push('a', 42, 'two'));
    assert.equal(conflict.kind, 'conflict');
    assert.deepEqual(conflict.latest, first.record);
    const second = await store.commit(push('a', first.record.version, 'two'));
    assert.equal(second.kind, 'committed');
    assert.ok(second.record.version > first.record.version);
    assert.equal(text(await store.read('a', second.record.version)), 'two');
    assert.deepEqual((await store.head('a')).latest, second.record);
    assert.equal(second.record.size, 3);
  },

  async 'a committed version is there for the next process, with all that was said of it (R20)'({
    store,
    another,
  }) {
    const result = await store.commit(push('a', 0, 'one', { nodeId: 7, author: 'ops', mutation: 'm' }));
    assert.equal(result.kind, 'committed');
    await store.close();
    const other = await another();
    const head = await other.head('a');
    assert.equal(head.epoch, result.epoch);
    assert.deepEqual(head.latest, result.record);
    assert.equal(head.latest?.nodeId, 7);
    assert.equal(head.latest?.author, 'ops');
    assert.equal(head.latest?.mutation, 'm');
    assert.equal(text(await other.read('a', result.record.version)), 'one');
  },

  async 'of commits at one base exactly one wins, whichever process they come from (R20)'({
    store,
    another,
  }) {
    const base = await commitNext(store, 'a', 'base');
    const other = await another();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).commit(push('a', base, `${i}`))),
    );
    assert.equal(results.filter(({ kind }) => kind === 'committed').length, 1);
    assert.equal(results.filter(({ kind }) => kind === 'conflict').length, 19);
  },

  async 'every change of many writers is in the history once (R20)'({ store, another }) {
    const stores = [store, await another()];
    const write = async (writer: number) => {
      for (let i = 0; i < 5; i++) {
        for (;;) {
          const from = stores[(writer + i) % 2] ?? store;
          const { latest } = await from.head('a');
          const version = latest?.version ?? 0;
          const snapshot = latest === undefined ? bytes('') : await from.read('a', version);
          if (snapshot === undefined) continue;
          const next = `${text(snapshot)}${writer}.${i} `;
          if ((await from.commit(push('a', version, next))).kind === 'committed') break;
        }
      }
    };
    await Promise.all([0, 1, 2, 3].map(write));
    const { latest } = await store.head('a');
    const words = text(await store.read('a', latest?.version ?? 0))
      .trim()
      .split(' ');
    assert.equal(words.length, 20);
    assert.equal(new Set(words).size, 20);
  },

  async 'a mutation is stored once, also when it is sent again through another process (R27)'({
    store,
    another,
    context,
  }) {
    const first = push('a', 0, 'one');
    const result = await store.commit(first);
    assert.equal(result.kind, 'committed');
    const { version } = result.record;
    // It is known longer than its version is kept.
    for (let i = 0; i < context.history; i++) await commitNext(store, 'a', `${i}`);
    assert.equal(await store.read('a', version), undefined);
    const other = await another();
    for (const again of [store, other]) {
      const { epoch } = await again.head('a');
      assert.deepEqual(await again.commit(first), { kind: 'repeated', epoch, version });
      // Known mutations are recognised whatever else is said.
      assert.deepEqual(await again.commit({ ...first, base: 7, epoch: 'another' }), {
        kind: 'repeated',
        epoch,
        version,
      });
    }
    const newest = (await store.history('a')).map((record) => record.mutation);
    assert.ok(!newest.includes(first.mutation), 'it is not stored again');
    assert.equal((await store.commit({ ...first, cluster: 'b' })).kind, 'committed', 'per cluster');
  },

  async 'a mutation is remembered for its time, and by a process that starts later (R27)'({
    store,
    another,
    context,
    pass,
  }) {
    if (!(context.clock instanceof ManualClock)) return;
    const first = push('a', 0, 'one');
    await store.commit(first);
    context.clock.setWall(context.clock.now() + 30 * 86_400_000);
    await pass(context.mutationMemory - 1_000);
    for (let i = 0; i < 2 * context.history; i++) await commitNext(store, 'a', `${i}`);
    assert.equal((await store.commit(first)).kind, 'repeated');
    await store.close();
    const other = await another();
    await commitNext(other, 'a', 'later');
    assert.equal((await other.commit(first)).kind, 'repeated');
  },

  async 'another epoch is refused, and stores nothing (R11)'({ store }) {
    const { epoch } = await store.head('a');
    assert.deepEqual(await store.commit(push('a', 0, 'one', { epoch: 'another' })), {
      kind: 'foreignEpoch',
      epoch,
    });
    assert.equal((await store.head('a')).latest, undefined);
    const result = await store.commit(push('a', 0, 'one', { epoch }));
    assert.equal(result.kind, 'committed');
    assert.equal(result.epoch, epoch, 'the epoch before the first version is the epoch after it');
    const { version } = result.record;
    assert.equal((await store.commit(push('a', version, 'two', { epoch: 'another' }))).kind, 'foreignEpoch');
  },

  async 'versions start above the Unix time, rise above what is asked, and are never used again (R21)'({
    store,
    context,
  }) {
    const before = context.clock.now();
    const first = await commitNext(store, 'a', 'one');
    assert.ok(first >= before);
    assert.ok(Number.isSafeInteger(first));
    await store.deleteCluster('a');
    const afterwards = await commitNext(store, 'a', 'two');
    assert.ok(afterwards > first);
    const above = afterwards + 1_000_000;
    await store.deleteCluster('a');
    const result = await store.commit(push('a', 0, 'three', { above }));
    assert.equal(result.kind, 'committed');
    assert.ok(result.record.version > above);
    const { version } = result.record;
    const absurd = await store.commit(push('a', version, 'four', { above: Number.MAX_SAFE_INTEGER }));
    assert.equal(absurd.kind, 'committed');
    assert.ok(absurd.record.version < 2 ** 52, 'a wild claim does not use the numbers up');
  },

  async 'versions rise while the wall clock goes back (R21)'({ store, context }) {
    if (!(context.clock instanceof ManualClock)) return;
    const first = await commitNext(store, 'a', 'one');
    context.clock.setWall(context.clock.now() - 3_600_000);
    assert.ok((await commitNext(store, 'a', 'two')) > first);
  },

  async 'the last versions are kept, newest first, and no more (R25)'({ store, context }) {
    const versions: number[] = [];
    for (let i = 0; i < context.history + 3; i++) versions.unshift(await commitNext(store, 'a', `v${i}`));
    const kept = versions.slice(0, context.history);
    assert.deepEqual(
      (await store.history('a')).map(({ version }) => version),
      kept,
    );
    for (const [i, version] of kept.entries()) {
      assert.equal(text(await store.read('a', version)), `v${context.history + 2 - i}`);
    }
    const gone = versions.at(-1) ?? 0;
    assert.equal(await store.read('a', gone), undefined);
  },

  async 'a deleted cluster leaves nothing but numbers, and comes back as another history (R11, R21)'({
    store,
    another,
  }) {
    const first = push('a', 0, 'one');
    const committed = await store.commit(first);
    assert.equal(committed.kind, 'committed');
    const id = await store.addNode('a', node);
    assert.equal(await store.deleteCluster('a'), true);
    assert.equal(await store.deleteCluster('never was'), false);
    for (const each of [store, await another()]) {
      const head = await each.head('a');
      assert.notEqual(head.epoch, committed.epoch);
      assert.equal(head.latest, undefined);
      assert.equal(await each.read('a', committed.record.version), undefined);
      assert.deepEqual(await each.history('a'), []);
      assert.deepEqual(await each.nodes('a'), []);
      assert.deepEqual(await each.clusters(), []);
      assert.equal(await each.beat('a', id), false);
    }
    const { epoch } = await store.head('a');
    await store.deleteCluster('a', committed.record.version + 5_000);
    assert.notEqual((await store.head('a')).epoch, epoch, 'deleting once more makes another history again');
    assert.equal((await store.commit(first)).kind, 'committed', 'its mutations are forgotten');
  },

  async 'names are only names, and nothing of one cluster shows in another (R24)'({ store, another }) {
    for (const name of oddNames) {
      await commitNext(store, name, name);
      await store.addNode(name, { ...node, hostname: name });
    }
    for (const each of [store, await another()]) {
      const clusters = (await each.clusters()).map(({ cluster }) => cluster);
      assert.deepEqual([...clusters].sort(), [...oddNames].sort());
      for (const name of oddNames) {
        const history = await each.history(name);
        assert.equal(history.length, 1);
        assert.equal(text(await each.read(name, history[0]?.version ?? 0)), name);
        const nodes = await each.nodes(name);
        assert.deepEqual(
          nodes.map(({ hostname }) => hostname),
          [name],
        );
      }
      assert.equal((await each.head('constructor')).latest, undefined);
    }
    await store.deleteCluster('a/b');
    assert.equal((await store.history('a b')).length, 1);
    assert.equal((await store.clusters()).length, oddNames.length - 1);
  },

  async 'large snapshots come back as they were'({ store }) {
    const snapshot = new Uint8Array(5 * 1024 * 1024).map((_, i) => (i * 31 + (i >> 10)) & 255);
    const result = await store.commit({ ...push('a', 0, ''), snapshot });
    assert.equal(result.kind, 'committed');
    const read = await store.read('a', result.record.version);
    assert.equal(Buffer.compare(read ?? Buffer.alloc(0), snapshot), 0);
  },

  async 'node ids are never given twice, and belong to one cluster (R21)'({ store, another }) {
    const other = await another();
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).addNode(i % 3 ? 'a' : 'b', node)),
    );
    assert.equal(new Set(ids).size, 20);
    assert.ok(ids.every((id) => Number.isSafeInteger(id) && id > 0));
    const last = Math.max(...ids);
    const cluster = (await store.nodes('a')).some(({ id }) => id === last) ? 'a' : 'b';
    assert.equal(await store.removeNode(cluster, last), true);
    assert.ok((await store.addNode('a', node)) > last);
    const [first = 0] = ids;
    assert.equal(await store.beat('a', first), false, 'the first is of cluster b');
    assert.equal(await store.removeNode('a', first), false);
    assert.equal(await store.beat('b', first), true);
  },

  async 'nodes are listed as they described themselves, in a stable order, until removed'({
    store,
    another,
  }) {
    const a = await store.addNode('a', node);
    const b = await store.addNode('a', { ip: '', hostname: 'é', bindAddress: '[::1]:80' });
    const expected = [
      { id: a, ...node, alive: true },
      { id: b, ip: '', hostname: 'é', bindAddress: '[::1]:80', alive: true },
    ];
    assert.deepEqual(await store.nodes('a'), expected);
    assert.deepEqual(
      (await (await another()).nodes('a')).map(({ id }) => id),
      [a, b],
    );
    const clusters = await store.clusters();
    assert.deepEqual(
      clusters.map(({ cluster, latest }) => ({ cluster, latest })),
      [{ cluster: 'a', latest: undefined }],
    );
    assert.equal(await store.removeNode('a', a), true);
    assert.equal(await store.removeNode('a', a), false);
    assert.equal(await store.beat('a', a), false);
    assert.deepEqual(
      (await store.nodes('a')).map(({ id }) => id),
      [b],
    );
  },

  async 'a cluster has so many nodes and no more (R24)'({ store, context }) {
    for (let i = 0; i < context.mostNodes; i++) await store.addNode('a', node);
    await assert.rejects(store.addNode('a', node), (error) => isCfluxError(error, 'TOO_MANY_REQUESTS'));
    assert.equal((await store.nodes('a')).length, context.mostNodes);
    await store.addNode('b', node);
  },

  async 'a node lives for its time after a beat, and a beat revives it (R23)'({ store, context, pass }) {
    const id = await store.addNode('a', node);
    const alive = async () => (await store.nodes('a'))[0]?.alive;
    await pass(context.nodeTtl * 0.8);
    assert.equal(await alive(), true);
    assert.equal(await store.beat('a', id), true);
    await pass(context.nodeTtl * 0.8);
    assert.equal(await alive(), true);
    await pass(context.nodeTtl * 2);
    assert.equal(await alive(), false, 'dead, and still listed');
    assert.equal(await store.beat('a', id), true);
    assert.equal(await alive(), true);
  },

  async 'a node that leaves is not alive, keeps its id, and is alive again after a beat (R23)'({ store }) {
    const id = await store.addNode('a', node);
    assert.equal(await store.beat('a', id, true), true);
    assert.deepEqual(await store.nodes('a'), [{ id, ...node, alive: false }]);
    assert.equal(await store.beat('a', id), true);
    assert.equal((await store.nodes('a'))[0]?.alive, true);
  },

  async 'a process that starts expires nobody before one time to live (R23)'({
    store,
    another,
    pass,
    context,
  }) {
    await store.addNode('a', node);
    const left = await store.addNode('a', node);
    await store.beat('a', left, true);
    await store.close();
    const other = await another();
    const alive = async () => (await other.nodes('a')).map((each) => each.alive);
    assert.deepEqual(await alive(), [true, false], 'who said good-bye stays gone');
    await pass(context.nodeTtl * 2.5);
    assert.deepEqual(await alive(), [false, false]);
  },

  async 'a change is told to every process (R22)'({ store, another, pass }) {
    const other = await another();
    const told = new Set<string | undefined>();
    const unwatch = other.watch((cluster) => told.add(cluster));
    await commitNext(store, 'a', 'one');
    await waitFor(() => told.has('a') || told.has(undefined), pass);
    told.clear();
    await store.deleteCluster('a');
    await waitFor(() => told.has('a') || told.has(undefined), pass);
    unwatch();
    await pass(1_000);
    told.clear();
    await commitNext(store, 'a', 'two');
    await pass(2_000);
    assert.equal(told.size, 0);
  },

  async 'opens and closes as often as one likes, and says that it is well'({ store, context }) {
    await store.check();
    await store.open(context);
    await store.close();
    await store.close();
    assert.ok(store.name.length > 0);
  },
};

async function waitFor(condition: () => boolean, pass: (ms: number) => Promise<void>): Promise<void> {
  for (let i = 0; i < 50; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
    await pass(100);
  }
  assert.ok(condition(), 'was told within 5 s');
}

/**
 * Every thing that a {@link ManagerStore} must hold, to be run by any test runner.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest';
 *
 * const place = () => {
 *   const store = new MemoryStore();
 *   return { connect: () => store.share() };
 * };
 * describe('MemoryStore', () => {
 *   for (const { name, run } of storeContract({ place })) it(name, run);
 * });
 * ```
 */
export function storeContract(subject: StoreSubject): readonly ContractCheck[] {
  return Object.entries(checks).map(([name, check]) => ({ name, run: () => runCheck(subject, check) }));
}

async function runCheck(subject: StoreSubject, check: (bench: Bench) => Promise<void>): Promise<void> {
  const manual = new ManualClock();
  const context: StoreContext = {
    clock: subject.clock ?? manual,
    random: systemRandom,
    nodeTtl: subject.nodeTtl ?? 15_000,
    history: 10,
    mutationMemory: 600_000,
    mostNodes: 25,
  };
  const place = await subject.place();
  const stores: ManagerStore[] = [];
  const another = async () => {
    const store = await place.connect();
    stores.push(store);
    await store.open(context);
    return store;
  };
  try {
    const store = await another();
    await check({ context, store, another, pass: subject.pass ?? ((ms) => manual.advance(ms)) });
  } finally {
    for (const store of stores) await store.close();
    await place.destroy?.();
  }
  assert.equal(manual.timers, 0, 'no timer is left after close');
}
