import assert from 'node:assert/strict';
import type { ManagerStore, StoredNode } from '../../manager/manager-store.js';
import { type Bench, type Checks, node } from './bench.js';

const epoch = 'an-epoch';
/** Progress of a library, as sent with a heartbeat. */
const library = (instance: string, version: number) => ({ instance, epoch, version });

async function only(store: ManagerStore, cluster = 'a'): Promise<StoredNode> {
  const [first] = await store.nodes(cluster);
  assert.ok(first, 'there is a node');
  return first;
}

/** What the store knows of the only node, without its age. */
async function saidOf(store: ManagerStore) {
  const { age: _, ...progress } = (await only(store)).progress ?? { kind: undefined };
  return progress;
}

/** Lets time pass until `condition` holds: another process learns of a heartbeat within one interval. */
async function eventually({ pass }: Bench, condition: () => Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 60; i++) {
    if (await condition()) return;
    await pass(100);
  }
  assert.fail(what);
}

/** Stores without progress are valid too: they report no held versions. */
const keepsWords = (store: ManagerStore) => store.noteHeld !== undefined;

export const wordChecks: Checks = {
  async 'a heartbeat reports the kind of the node and its version, a poll only the version (R28)'({ store }) {
    if (!keepsWords(store)) return;
    const id = await store.addNode('a', node, { instance: 'i' });
    assert.deepEqual(await saidOf(store), { kind: 'library', instance: 'i' });
    assert.equal(await store.heartbeat('a', id, false, { ...library('i', 3), applied: 0 }), true);
    const agent = { kind: 'agent', instance: 'i', epoch };
    const [held, applied] = [
      { highest: 3, last: 3 },
      { highest: 0, last: 0 },
    ];
    assert.deepEqual(await saidOf(store), { ...agent, held, applied });
    store.noteHeld?.('a', id, library('i', 5));
    await turn();
    assert.deepEqual(await saidOf(store), { ...agent, held: { highest: 5, last: 5 }, applied });
    // A late report, or a restored store: both versions are kept, and the history decides.
    assert.equal(await store.heartbeat('a', id, false, { ...library('i', 4), applied: 4 }), true);
    const both = { held: { highest: 5, last: 4 }, applied: { highest: 4, last: 4 } };
    assert.deepEqual(await saidOf(store), { ...agent, ...both });
    store.noteHeld?.('a', id + 1, library('i', 9));
    await turn();
    assert.equal((await store.nodes('a')).length, 1, 'an unknown node reports nothing');
  },

  async 'a new instance or epoch replaces the progress; a replaced instance changes nothing (R28)'({
    store,
  }) {
    if (!keepsWords(store)) return;
    const id = await store.addNode('a', node, { instance: 'old' });
    await store.heartbeat('a', id, false, library('old', 9));
    await store.heartbeat('a', id, false, library('new', 2));
    const two = { highest: 2, last: 2 };
    assert.deepEqual(await saidOf(store), { kind: 'library', instance: 'new', epoch, held: two });
    store.noteHeld?.('a', id, library('old', 9));
    assert.equal(
      await store.heartbeat('a', id, false, { ...library('old', 9), applied: 9 }),
      true,
      'no clone',
    );
    await turn();
    assert.deepEqual(await saidOf(store), { kind: 'library', instance: 'new', epoch, held: two });
    await store.heartbeat('a', id, false, { instance: 'new', epoch: 'other', version: 1 });
    const one = { highest: 1, last: 1 };
    assert.deepEqual(await saidOf(store), { kind: 'library', instance: 'new', epoch: 'other', held: one });
  },

  async 'a legacy node becomes ours with its first heartbeat, and ours legacy with a bare one (R28)'({
    store,
  }) {
    if (!keepsWords(store)) return;
    const id = await store.addNode('a', node, {});
    assert.deepEqual(await saidOf(store), { kind: 'legacy' });
    await store.heartbeat('a', id, false, library('i', 3));
    assert.equal((await saidOf(store)).kind, 'library');
    await store.heartbeat('a', id, false, {});
    assert.deepEqual(await saidOf(store), { kind: 'legacy' });
  },

  async 'two processes that share an id are both refused; a restart and a late request are not (R28)'(bench) {
    const { store, pass } = bench;
    if (!keepsWords(store)) return;
    const id = await store.addNode('a', node, { instance: 'x' });
    const beat = async (instance: string) => store.heartbeat('a', id, false, library(instance, 1));
    assert.equal(await beat('x'), true);
    assert.equal(await beat('y'), true, 'a restart');
    await pass(2_100);
    assert.equal(await beat('x'), true, 'one return proves nothing');
    assert.equal(await beat('x'), true, 'two in a row prove nothing');
    assert.equal(await beat('y'), true);
    assert.equal(await beat('x'), true, 'two within two seconds prove nothing');
    await pass(2_100);
    assert.equal(await beat('y'), 'duplicate');
    assert.equal(await beat('x'), 'duplicate');
    assert.equal((await only(store)).progress?.isDuplicate, true);
    assert.equal(await beat('z'), true, 'a new process takes the id');
    assert.equal((await only(store)).progress?.isDuplicate, undefined);
  },

  async 'an age is that of the last heartbeat'({ store, pass }) {
    if (!keepsWords(store)) return;
    const id = await store.addNode('a', node, { instance: 'i' });
    await pass(1_000);
    const before = (await only(store)).progress?.age ?? 0;
    assert.ok(before >= 900, `${before} ms`);
    await store.heartbeat('a', id, false, library('i', 1));
    const after = (await only(store)).progress?.age ?? Number.POSITIVE_INFINITY;
    assert.ok(after < before, `${after} ms`);
  },

  async 'the kind of a node is known to the next process'({ store, another }) {
    if (!keepsWords(store)) return;
    await store.addNode('a', node, { instance: 'i' });
    await store.close();
    assert.equal((await saidOf(await another())).kind, 'library');
  },

  async 'a report is kept with its node, and goes with it'({ store, another }) {
    if (store.setReport === undefined) return;
    const id = await store.addNode('a', node);
    assert.equal(await store.setReport('a', id + 1, '{}'), false);
    assert.equal(await store.setReport('b', id, '{}'), false);
    assert.equal(await store.setReport('a', id, '{"a":"é"}'), true);
    assert.equal(await store.setReport('a', id, '{"b":"é"}'), true);
    for (const each of [store, await another()]) assert.equal((await only(each)).reportJson, '{"b":"é"}');
    await store.removeNode('a', id);
    await store.addNode('a', node);
    assert.equal((await only(store)).reportJson, undefined);
    await store.deleteCluster('a');
    await store.addNode('a', node);
    assert.equal((await only(store)).reportJson, undefined);
  },

  async 'the reports of a cluster take 8 MiB and no more (R24)'({ store }) {
    if (store.setReport === undefined) return;
    const ids = await Promise.all([0, 1, 2].map(() => store.addNode('a', node)));
    const [first = 0, second = 0, third = 0] = ids;
    const megabytes = (count: number) => 'x'.repeat(count * 2 ** 20);
    assert.equal(await store.setReport('a', first, megabytes(1)), true);
    // In as many as fit a request of etcd.
    for (let i = 0; i < 7; i++) {
      const id = await store.addNode('a', node);
      assert.equal(await store.setReport('a', id, megabytes(1)), true);
    }
    await assert.rejects(store.setReport('a', second, 'x'), { code: 'TOO_MANY_REQUESTS' });
    assert.equal(await store.setReport('a', first, 'x'), true, 'a smaller one in its place fits');
    assert.equal(await store.setReport('a', third, 'x'), true);
    const other = await store.addNode('b', node);
    assert.equal(await store.setReport('b', other, megabytes(1)), true, 'another cluster has its own room');
  },

  async 'progress at one process is known to the others within a heartbeat, if they share liveness (R28)'(
    bench,
  ) {
    const { store, another } = bench;
    if (!keepsWords(store)) return;
    const other = await another();
    const id = await store.addNode('a', node, { instance: 'i' });
    await store.heartbeat('a', id, false, { ...library('i', 7), applied: 6 });
    const alive = (await only(other)).alive;
    // Processes that share a directory do not share liveness.
    if (!alive) return;
    const agrees = async () => {
      const [here, there] = [await saidOf(store), await saidOf(other)];
      return JSON.stringify(here) === JSON.stringify(there);
    };
    await eventually(bench, agrees, 'both know the same');
    store.noteHeld?.('a', id, library('i', 8));
    await store.heartbeat('a', id, false, { ...library('i', 8), applied: 8 });
    await eventually(bench, agrees, 'both know the same');
    assert.equal((await only(other)).progress?.held?.highest, 8);
  },

  async 'two processes that share an id are both refused, whichever managers they reach (R28)'(bench) {
    const { store, another, pass } = bench;
    if (!keepsWords(store)) return;
    const other = await another();
    const id = await store.addNode('a', node, { instance: 'x' });
    await store.heartbeat('a', id, false, library('x', 1));
    if (!(await only(other)).alive) return;
    const told = new Set<string>();
    for (let i = 0; i < 12 && told.size < 2; i++) {
      if ((await store.heartbeat('a', id, false, library('x', 1))) === 'duplicate') told.add('x');
      await pass(1_100);
      if ((await other.heartbeat('a', id, false, library('y', 1))) === 'duplicate') told.add('y');
      // A refused heartbeat goes along with the next one that is stored.
      const neighbour = await store.addNode('neighbours', node);
      await store.heartbeat('neighbours', neighbour);
      await pass(1_100);
    }
    assert.deepEqual([...told].sort(), ['x', 'y']);
  },
};

/** The etcd store applies the progress of a poll in a later turn of the event loop. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
