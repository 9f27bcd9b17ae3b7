import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { LmdbStore, Manager, type ManagerStore, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../meta/support/temporary-directory.js';
import { LegacyNode } from '../support/legacy-node.js';
import { serve } from '../support/serve.js';

async function mixed(store: ManagerStore = new MemoryStore()) {
  const served = await serve({ store });
  const legacy = [];
  for (const number of [1, 2]) {
    const node = await LegacyNode.open(served.url, { cluster: 'c', bindAddress: `127.0.0.${number}:8086` });
    onTestFinished(() => node.close());
    legacy.push(node);
  }
  const ours = new CfluxClient(new LocalMetaClient(), { endpoint: served.url, cluster: 'c' });
  onTestFinished(() => ours.close());
  await ours.open();
  return { ...served, legacy, ours };
}

const idsOf = (nodes: readonly { readonly id: number; readonly alive: boolean }[]) =>
  nodes.filter(({ alive }) => alive).map(({ id }) => id);

describe('the owners of shards for a legacy server', () => {
  it('R23: are the live legacy nodes; every other reader sees which nodes are alive', async () => {
    const { url, legacy, ours } = await mixed();
    const [first, second] = legacy;
    const ids = [first?.id ?? 0, second?.id ?? 0];
    const all = [...ids, ours.status.nodeId ?? 0];
    const listed = (await first?.nodes()) ?? [];
    expect(idsOf(listed)).toEqual(ids);
    expect(
      listed.map(({ id }) => id),
      'the others are listed, too',
    ).toEqual(all);
    expect(idsOf(await ours.nodes())).toEqual(all);
    const list = async (headers: Record<string, string>, path = '/nodes/c') =>
      JSON.parse(await (await fetch(`${url}${path}`, { headers })).text());
    expect(idsOf(await list({ 'user-agent': 'curl/8.0' }))).toEqual(all);
    expect(idsOf(await list({ 'user-agent': 'Go-http-client/2.0' }))).toEqual(ids);
    expect(idsOf(await list({ 'user-agent': 'Go-http-client/1.1', 'cflux-instance': 'x' }))).toEqual(all);
    expect(idsOf((await list({ 'user-agent': 'Go-http-client/1.1' }, '/nodes')).influx)).toEqual(all);
  });

  it('R23: do not include a node that has just moved, with the id that it had', async () => {
    const { manager, legacy, ours } = await mixed();
    const [stays, moved] = legacy;
    await moved?.close();
    await manager.heartbeat('c', moved?.id ?? 0, { progress: { instance: 'moved', version: 1 } });
    expect(idsOf((await stays?.nodes()) ?? [])).toEqual([stays?.id]);
    expect(idsOf(await ours.nodes())).toContain(moved?.id);
  });

  it('R23: are unchanged in a cluster without a live legacy node', async () => {
    const { url } = await serve();
    const ours = new CfluxClient(new LocalMetaClient(), { endpoint: url, cluster: 'c' });
    onTestFinished(() => ours.close());
    await ours.open();
    const nodes = await fetch(`${url}/nodes/c`, { headers: { 'user-agent': 'Go-http-client/1.1' } });
    expect(await nodes.json()).toMatchObject([{ id: ours.status.nodeId, alive: true }]);
  });

  it('R23: are the same after a restart of the manager, before the first heartbeat', async () => {
    const dir = await temporaryDirectory();
    const { legacy, server, manager } = await mixed(new LmdbStore({ dir }));
    for (const node of legacy) await node.close();
    await server.close();
    await manager.close();
    const again = new Manager({ store: new LmdbStore({ dir }) });
    onTestFinished(() => again.close());
    expect((await again.nodes('c')).map(({ kind, alive }) => [kind, alive])).toEqual([
      ['legacy', true],
      ['legacy', true],
      ['library', true],
    ]);
  });
});
