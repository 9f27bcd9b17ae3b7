import assert from 'node:assert/strict';
import { ManualClock } from '../manual-clock.js';
import { type Checks, commitNext, node, push, text } from './bench.js';

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

export const versionChecks: Checks = {
  async 'versions start above the Unix time, rise above the requested minimum, and are never reused (R21)'({
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
    const minVersion = afterwards + 1_000_000;
    await store.deleteCluster('a');
    const result = await store.commit(push('a', 0, 'three', { minVersion }));
    assert.equal(result.kind, 'committed');
    assert.ok(result.record.version > minVersion);
    const { version } = result.record;
    const absurd = await store.commit(push('a', version, 'four', { minVersion: Number.MAX_SAFE_INTEGER }));
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
    for (let i = 0; i < context.keepVersions + 3; i++)
      versions.unshift(await commitNext(store, 'a', `v${i}`));
    const kept = versions.slice(0, context.keepVersions);
    assert.deepEqual(
      (await store.history('a')).map(({ version }) => version),
      kept,
    );
    for (const [i, version] of kept.entries()) {
      assert.equal(text(await store.read('a', version)), `v${context.keepVersions + 2 - i}`);
    }
    const gone = versions.at(-1) ?? 0;
    assert.equal(await store.read('a', gone), undefined);
  },

  async 'a head and a conflict list every retained version (R11)'({ store }) {
    for (const progress of ['one', 'two', 'three']) await commitNext(store, 'a', progress);
    const history = await store.history('a');
    assert.equal(history.length, 3);
    const { retained } = await store.head('a');
    // Optional for stores.
    if (retained === undefined) return;
    assert.deepEqual(retained, history);
    const conflict = await store.commit(push('a', 1, 'four'));
    assert.equal(conflict.kind, 'conflict');
    assert.deepEqual(conflict.retained, history);
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
      assert.equal(await each.heartbeat('a', id), false);
    }
    const { epoch } = await store.head('a');
    assert.equal(await store.deleteCluster('a'), false);
    assert.equal((await store.head('a')).epoch, epoch, 'there is nothing more to delete');
    assert.equal((await store.commit(first)).kind, 'committed', 'its mutations are forgotten');
  },

  async 'deleting a cluster that never existed does not create it (R24)'({ store, another }) {
    const other = await another();
    const { epoch } = await store.head('a');
    await commitNext(store, 'b', 'one');
    assert.equal(await store.deleteCluster('a'), false);
    const id = await store.addNode('a', node);
    assert.equal(await store.removeNode('a', id), true);
    assert.equal(await store.deleteCluster('a'), false, 'its only node is gone');
    for (const each of [store, other]) {
      assert.equal((await each.head('a')).epoch, epoch);
      assert.deepEqual(
        (await each.clusters()).map(({ cluster }) => cluster),
        ['b'],
      );
    }
  },

  async 'a new history is stored with its first version, and leaves nothing before (R11, R21)'({
    store,
    another,
  }) {
    // Optional for stores.
    if (store.newHistory === undefined) return;
    const { epoch } = await store.head('a');
    const minVersion = Date.now() + 1_000_000;
    const newHistory = await store.newHistory('a', minVersion);
    assert.notEqual(newHistory.epoch, epoch);
    const other = await another();
    for (const each of [store, other]) {
      assert.equal((await each.head('a')).epoch, epoch, 'nothing is stored of it');
      assert.deepEqual(await each.clusters(), []);
    }
    const competing = await other.newHistory?.('a', minVersion + 5);
    const result = await store.commit(push('a', 7, 'one', { newHistory, epoch }));
    assert.equal(result.kind, 'committed');
    assert.equal(result.epoch, newHistory.epoch);
    assert.ok(result.record.version > minVersion);
    for (const each of [store, other]) assert.equal((await each.head('a')).epoch, newHistory.epoch);
    const { version } = result.record;
    const late = await other.commit(push('a', 0, 'two', { newHistory: competing }));
    assert.equal(late.kind, 'conflict', 'of two first versions one wins');
    assert.equal(late.epoch, newHistory.epoch);
    const next = await other.commit(push('a', version, 'two', { newHistory: competing }));
    assert.equal(next.kind, 'committed');
    assert.equal(next.epoch, newHistory.epoch, 'a cluster with data keeps its history');
    const again = await store.newHistory('a', 0);
    assert.ok(again.generation > next.record.version);
  },

  async 'names have no meaning, and nothing of one cluster appears in another (R24)'({ store, another }) {
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
};
