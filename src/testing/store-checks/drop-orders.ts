import assert from 'node:assert/strict';
import type { ManagerStore } from '../../manager/manager-store.js';
import type { DropsChange, NewDropOrder, OrderedItem } from '../../protocol/drop-orders.js';
import { ManualClock } from '../manual-clock.js';
import { type Checks, commitNext, push } from './bench.js';

const database = (name: string): OrderedItem => ({ kind: 'database', database: name });
const policy = (name: string, of: string): OrderedItem => ({
  kind: 'retentionPolicy',
  database: of,
  policy: name,
});

/** Commits on the newest version with `drops`, and resolves with the new version and its mutation. */
async function commitDrops(store: ManagerStore, cluster: string, drops: DropsChange) {
  const { latest } = await store.head(cluster);
  const commit = push(cluster, latest?.version ?? 0, 'snapshot', { drops });
  const result = await store.commit(commit);
  assert.equal(result.kind, 'committed');
  assert.equal(result.hasDrops, true);
  return { version: result.record.version, commit };
}

const order = (store: ManagerStore, cluster: string, ...orders: NewDropOrder[]) =>
  commitDrops(store, cluster, { orders });

/** The stored orders above `since`, without their versions. */
async function ordered(store: ManagerStore, cluster: string, since = 0): Promise<readonly string[]> {
  const found = await store.dropOrders?.(cluster, since);
  return (found?.orders ?? []).map((each) =>
    each.kind === 'database' ? each.database : `${each.database}.${each.policy}`,
  );
}

export const dropOrderChecks: Checks = {
  async 'drop orders are stored with their version, and every process and the next one reads them (R36)'({
    store,
    another,
    context,
  }) {
    if (store.dropOrders === undefined) return;
    const { epoch } = await store.head('a');
    assert.deepEqual(await store.dropOrders('a', 0), { epoch, version: 0, completeFrom: 0, orders: [] });
    await commitNext(store, 'a', 'one');
    const from = context.clock.now();
    const first = await order(store, 'a', { ...database('é "x"'), author: 'ana' }, policy('p', 'db'));
    const last = await commitNext(store, 'a', 'two');
    const second = await order(await another(), 'a', database('x'));
    const found = await store.dropOrders('a', 0);
    assert.equal(found.epoch, epoch);
    assert.equal(found.version, second.version);
    assert.equal(found.completeFrom, 0);
    assert.ok(found.orders.every(({ at }) => at >= Math.floor(from)));
    const of = ({ version, commit }: typeof first) => ({ version, mutation: commit.mutation });
    assert.deepEqual(
      found.orders.map(({ at: _, ...rest }) => rest),
      [
        { ...database('é "x"'), author: 'ana', ...of(first) },
        { ...policy('p', 'db'), ...of(first) },
        { ...database('x'), ...of(second) },
      ],
    );
    assert.deepEqual(await ordered(store, 'a', first.version), ['x']);
    assert.deepEqual(await ordered(store, 'a', last), ['x']);
    assert.deepEqual(await ordered(store, 'a', second.version), []);
    assert.deepEqual(await ordered(store, 'b'), [], 'per cluster');
    await store.close();
    assert.deepEqual((await (await another()).dropOrders?.('a', 0))?.orders, found.orders);
  },

  async 'a commit that stores no version stores no drop orders (R36)'({ store }) {
    if (store.dropOrders === undefined) return;
    const version = await commitNext(store, 'a', 'one');
    const drops = { orders: [database('x')] };
    assert.equal((await store.commit(push('a', version - 1, 'two', { drops }))).kind, 'conflict');
    const elsewhere = push('a', version, 'two', { drops, epoch: 'another' });
    assert.equal((await store.commit(elsewhere)).kind, 'epochMismatch');
    assert.deepEqual(await ordered(store, 'a'), []);
  },

  async 'a repeated push states whether its drop orders are stored, and stores none again (R27, R36)'({
    store,
    another,
  }) {
    if (store.dropOrders === undefined) return;
    const { commit } = await order(store, 'a', database('x'));
    const without = push('a', 0, 'first', {});
    const version = (await store.head('a')).latest?.version ?? 0;
    await store.commit({ ...without, base: version });
    await commitNext(store, 'a', 'later');
    for (const each of [store, await another()]) {
      const again = await each.commit(commit);
      assert.equal(again.kind, 'repeated');
      assert.equal(again.hasDrops, true);
      // As after an older manager, which stored the version and ignored the orders.
      const ignored = await each.commit({ ...without, drops: { orders: [database('y')] } });
      assert.equal(ignored.kind, 'repeated');
      assert.equal(ignored.hasDrops, false);
    }
    assert.deepEqual(await ordered(store, 'a'), ['x']);
  },

  async 'a rollback revokes the orders of later versions for what the restored version holds (R36)'({
    store,
  }) {
    if (store.dropOrders === undefined) return;
    await order(store, 'a', database('x'));
    const { version: above } = await order(store, 'a', database('y'));
    const later = await order(store, 'a', database('x'), policy('y', 'x'), database('z'));
    await commitDrops(store, 'a', { revoke: { above, items: [database('x'), database('y')] } });
    assert.deepEqual(await ordered(store, 'a'), ['x', 'y', 'x.y', 'z']);
    assert.deepEqual(await ordered(store, 'a', above), ['x.y', 'z']);
    const again = await store.commit(later.commit);
    assert.equal(again.kind === 'repeated' && again.hasDrops, true, 'it was stored, and revoked later');
    await commitDrops(store, 'a', { revoke: { above }, orders: [database('new')] });
    assert.deepEqual(await ordered(store, 'a'), ['x', 'y', 'new']);
  },

  async 'at most 1,000 orders of a cluster are kept, and the response states from which version (R36)'({
    store,
  }) {
    if (store.dropOrders === undefined) return;
    const names = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => database(`d${from + i}`));
    const versions: number[] = [];
    for (let i = 0; i < 1_000; i += 50) versions.push((await order(store, 'a', ...names(i, 50))).version);
    assert.equal((await store.dropOrders('a', 0)).completeFrom, 0);
    await order(store, 'a', database('one more'));
    const found = await store.dropOrders('a', 0);
    assert.equal(found.orders.length, 1_000);
    assert.equal(found.completeFrom, versions[0]);
    assert.deepEqual((await ordered(store, 'a')).slice(0, 2), ['d1', 'd2']);
    await order(store, 'a', ...names(2_000, 60));
    assert.equal((await store.dropOrders('a', 0)).completeFrom, versions[1]);
    assert.equal((await ordered(store, 'a'))[0], 'd61');
  },

  async 'orders are kept for 30 days (R36)'({ store, context }) {
    if (store.dropOrders === undefined || !(context.clock instanceof ManualClock)) return;
    const { version } = await order(store, 'a', database('x'));
    const day = 86_400_000;
    context.clock.setWall(context.clock.now() + 29 * day);
    await order(store, 'a', database('y'));
    assert.deepEqual(await ordered(store, 'a'), ['x', 'y']);
    context.clock.setWall(context.clock.now() + 2 * day);
    assert.deepEqual(await ordered(store, 'a'), ['y']);
    assert.equal((await store.dropOrders('a', 0)).completeFrom, version);
    await order(store, 'a', database('z'));
    assert.deepEqual(await ordered(store, 'a'), ['y', 'z']);
    assert.equal((await store.dropOrders('a', 0)).completeFrom, version);
  },

  async 'the orders of a deleted cluster are gone, also if it comes back (R11, R36)'({ store }) {
    if (store.dropOrders === undefined) return;
    await order(store, 'a', database('x'));
    await store.deleteCluster('a');
    assert.deepEqual(await ordered(store, 'a'), []);
    await commitNext(store, 'a', 'two');
    const found = await store.dropOrders('a', 0);
    assert.deepEqual(found.orders, []);
    assert.equal(found.completeFrom, 0);
    assert.equal(found.epoch, (await store.head('a')).epoch);
  },
};
