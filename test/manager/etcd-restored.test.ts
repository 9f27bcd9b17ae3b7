import { cp, rm } from 'node:fs/promises';
import { isCfluxError } from 'clusterflux';
import { EtcdStore } from 'clusterflux/manager';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { Commit, CommitResult } from '../../src/manager/manager-store.js';
import { type EtcdCluster, startEtcd, whileStopped } from '../support/etcd.js';
import { describeWithServer } from '../support/servers.js';

const cluster = 'c';
const node = { ip: '', hostname: 'h', bindAddress: 'h:8086' };

async function openStore(etcd: EtcdCluster): Promise<EtcdStore> {
  const store = new EtcdStore({ endpoints: etcd.endpoints });
  onTestFinished(() => store.close());
  await store.open({
    clock: systemClock,
    random: Math.random,
    nodeTtl: 15_000,
    keepVersions: 10,
    mutationMemory: 600_000,
    maxNodes: 1_000,
  });
  return store;
}

/** As managers and nodes do: what is refused for the moment is asked again. */
async function insist<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isCfluxError(error, 'UNAVAILABLE') || error.outcome !== 'notApplied') throw error;
    }
  }
}

let mutations = 0;
function push(store: EtcdStore, base: number): Promise<CommitResult> {
  const mutation = `m${mutations++}`;
  const commit: Commit = { cluster, base, snapshot: Buffer.from(mutation), mutation };
  return store.commit(commit);
}
async function made(store: EtcdStore, base: number): Promise<number> {
  const result = await push(store, base);
  return result.kind === 'committed' ? result.record.version : Number.NaN;
}

describeWithServer('etcd', 'an etcd that is put back to a backup under its managers', () => {
  it('R11: is detected at the next response: everything cached before is discarded', async () => {
    const etcd = await startEtcd();
    onTestFinished(() => etcd.close());
    const stores = [await openStore(etcd), await openStore(etcd)] as const;
    const [a, b] = stores;
    const kept = await made(a, 0);
    await whileStopped(etcd, (data) => cp(data, `${data}-backup`, { recursive: true }));
    const lostNode = await a.addNode(cluster, node);
    let lost = kept;
    // So many that what the stores know is of revisions that are yet to come.
    for (let i = 0; i < 100; i++) lost = await made(i % 2 ? a : b, lost);
    expect(await Promise.all(stores.map((store) => store.nodes(cluster)))).toMatchObject(
      stores.map(() => [{ id: lostNode, alive: true }]),
    );

    let notified: readonly Promise<void>[] = [];
    await whileStopped(etcd, async (data) => {
      await rm(data, { recursive: true });
      await cp(`${data}-backup`, data, { recursive: true });
      notified = stores.map((store) => new Promise<void>((resolve) => store.watch(() => resolve())));
    });
    let latest = kept;
    for (const [i, store] of stores.entries()) {
      expect((await insist(() => store.head(cluster))).latest?.version).toBe(latest);
      const result = await insist(() => push(store, latest));
      expect(result).toMatchObject({ kind: 'committed' });
      latest = result.kind === 'committed' ? result.record.version : 0;
      expect(latest).toBeGreaterThan(lost);
      await notified[i];
      expect(await insist(() => store.heartbeat(cluster, lostNode))).toBe(false);
    }
    const id = await a.addNode(cluster, node);
    for (const store of stores) expect(await store.nodes(cluster)).toMatchObject([{ id, alive: true }]);
  });
});
