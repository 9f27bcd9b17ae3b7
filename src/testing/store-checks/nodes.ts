import assert from 'node:assert/strict';
import { isCfluxError } from '../../errors.js';
import type { ManagerStore } from '../../manager/manager-store.js';
import { type Checks, node } from './bench.js';

export const nodeChecks: Checks = {
  async 'node ids are never given twice, and belong to one cluster (R21)'({ store, another }) {
    const other = await another();
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).addNode(i % 3 ? 'a' : 'b', node)),
    );
    assert.equal(new Set(ids).size, 20);
    assert.ok(ids.every((id) => Number.isSafeInteger(id) && id > 0));
    const last = Math.max(...ids);
    const cluster = ids.indexOf(last) % 3 ? 'a' : 'b';
    assert.equal(await store.removeNode(cluster, last), true);
    assert.ok((await store.addNode('a', node)) > last);
    const [first = 0] = ids;
    assert.equal(await store.heartbeat('a', first), false, 'the first is of cluster b');
    assert.equal(await store.removeNode('a', first), false);
    assert.equal(await store.heartbeat('b', first), true);
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
    assert.equal(await store.heartbeat('a', a), false);
    assert.deepEqual(
      (await store.nodes('a')).map(({ id }) => id),
      [b],
    );
  },

  async 'a node whose address changed is listed with the new one, by every process and the next'({
    store,
    another,
  }) {
    const id = await store.addNode('a', node);
    const moved = { ip: '10.0.0.2,', hostname: 'moved', bindAddress: 'moved:8086' };
    // Optional: a store without it keeps the first description.
    if (store.updateNode === undefined) return;
    const other = await another();
    assert.equal(await store.updateNode('a', id + 1, moved), 'unknown');
    assert.equal(await store.updateNode('b', id, moved), 'unknown');
    assert.notEqual(await store.updateNode('a', id, moved), 'unknown');
    for (const process of [store, other]) {
      assert.deepEqual(await process.nodes('a'), [{ id, ...moved, alive: true }]);
    }
    assert.equal(await store.removeNode('a', id), true);
    assert.equal(await store.updateNode('a', id, moved), 'unknown');
    assert.deepEqual(await store.nodes('a'), [], 'not made again');
  },

  async 'a node that another process removed is unknown soon, and so are those of a deleted cluster (R10)'({
    store,
    another,
    pass,
  }) {
    const other = await another();
    const [removed, kept, deleted] = [
      await store.addNode('a', node),
      await store.addNode('a', node),
      await other.addNode('b', node),
    ];
    const known = async (process: ManagerStore) => [
      await process.heartbeat('a', removed),
      await process.heartbeat('a', kept),
      await process.heartbeat('b', deleted),
    ];
    for (const process of [store, other]) assert.deepEqual(await known(process), [true, true, true]);
    assert.equal(await other.removeNode('a', removed), true);
    assert.equal(await store.deleteCluster('b'), true);
    for (const process of [store, other]) {
      for (let i = 0; i < 50 && (await known(process)).filter(Boolean).length > 1; i++) await pass(100);
      assert.deepEqual(await known(process), [false, true, false]);
    }
  },

  async 'a cluster has at most maxNodes nodes (R24)'({ store, context }) {
    for (let i = 0; i < context.maxNodes; i++) await store.addNode('a', node);
    await assert.rejects(store.addNode('a', node), (error) => isCfluxError(error, 'TOO_MANY_REQUESTS'));
    assert.equal((await store.nodes('a')).length, context.maxNodes);
    await store.addNode('b', node);
  },

  async 'a node is alive for one time to live after a heartbeat, and a heartbeat revives it (R23)'({
    store,
    context,
    pass,
  }) {
    const id = await store.addNode('a', node);
    const alive = async () => (await store.nodes('a'))[0]?.alive;
    await pass(context.nodeTtl * 0.8);
    assert.equal(await alive(), true);
    assert.equal(await store.heartbeat('a', id), true);
    await pass(context.nodeTtl * 0.8);
    assert.equal(await alive(), true);
    await pass(context.nodeTtl * 2);
    assert.equal(await alive(), false, 'dead, and still listed');
    assert.equal(await store.heartbeat('a', id), true);
    assert.equal(await alive(), true);
  },

  async 'a node that leaves is not alive, keeps its id, and is alive again after a heartbeat (R23)'({
    store,
  }) {
    const id = await store.addNode('a', node);
    assert.equal(await store.heartbeat('a', id, true), true);
    // `left` is optional for stores.
    const listed = (await store.nodes('a')).map(({ left: _, ...rest }) => rest);
    assert.deepEqual(listed, [{ id, ...node, alive: false }]);
    assert.equal(await store.heartbeat('a', id), true);
    assert.equal((await store.nodes('a'))[0]?.alive, true);
  },

  async 'a process that starts expires no node before one time to live (R23)'({
    store,
    another,
    pass,
    context,
  }) {
    await store.addNode('a', node);
    const left = await store.addNode('a', node);
    await store.heartbeat('a', left, true);
    await store.close();
    const other = await another();
    const alive = async () => (await other.nodes('a')).map((each) => each.alive);
    assert.deepEqual(await alive(), [true, false], 'a node that left remains dead');
    await pass(context.nodeTtl * 2.5);
    assert.deepEqual(await alive(), [false, false]);
  },
};
