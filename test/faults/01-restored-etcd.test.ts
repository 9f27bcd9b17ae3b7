import { cp, rm } from 'node:fs/promises';
import { EtcdStore } from 'clusterflux/manager';
import { expect, it, onTestFinished } from 'vitest';
import { startEtcd, whileStopped } from '../support/etcd.js';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';
import { openNode, until } from './support/nodes.js';

const nodeTtl = 3_000;
const pace = { haste: 1, heartbeatInterval: 1_000 };

/** An etcd, two managers that are not restarted, and a node at each. */
async function openCluster() {
  const etcd = await startEtcd();
  onTestFinished(() => etcd.close());
  const { endpoints } = etcd;
  const managers = [
    await serve({ store: new EtcdStore({ endpoints }), nodeTtl }),
    await serve({ store: new EtcdStore({ endpoints }), nodeTtl }),
  ] as const;
  const nodes = [await openNode(managers[0].url, pace), await openNode(managers[1].url, pace)] as const;
  return { etcd, managers, nodes };
}

describeWithServer('etcd', '#1 an etcd that is put back under its managers', () => {
  it('#1 R11: to a backup: it is followed with an event and what was lost in it, and changes go on', async () => {
    const { etcd, managers, nodes } = await openCluster();
    const [a, b] = nodes;
    await a.client.createDatabase('kept');
    await b.client.waitForVersion(a.client.status.version);
    await whileStopped(etcd, (data) => cp(data, `${data}-backup`, { recursive: true }));
    // Far more than will be written in the moments after the restoration: what managers know is of revisions yet to come.
    for (let i = 0; i < 50; i++) await b.client.createDatabase(`lost-${i}`);
    await a.client.waitForVersion(b.client.status.version);

    await whileStopped(etcd, async (data) => {
      await rm(data, { recursive: true });
      await cp(`${data}-backup`, data, { recursive: true });
    });
    await Promise.all([a.client.createDatabase('of-a'), b.client.createDatabase('of-b')]);
    await until(() => nodes.every((node) => node.databases().length === 3), 'both follow');
    for (const node of nodes) {
      expect(node.databases()).toEqual(expect.arrayContaining(['kept', 'of-a', 'of-b']));
      const [event] = node.heard('epochChanged');
      expect(event?.snapshot?.length).toBeGreaterThan(0);
    }
    expect(a.client.status.version).toBe(b.client.status.version);
    for (const { manager } of managers) {
      await until(async () => (await manager.nodes('faults')).every(({ alive }) => alive), 'both nodes live');
      expect(await manager.nodes('faults')).toHaveLength(2);
    }
    expect(await managers[0].manager.managers()).toHaveLength(2);
  });

  it('#1 R11: to nothing: it is given back what the newest of its nodes has; no node shrinks', async () => {
    const { etcd, nodes } = await openCluster();
    const [a, b] = nodes;
    const names = Array.from({ length: 20 }, (_, i) => `kept-${i}`);
    for (const name of names) await a.client.createDatabase(name);
    await b.client.waitForVersion(a.client.status.version);
    const { epoch } = a.client.status;

    await whileStopped(etcd, (data) => rm(data, { recursive: true }));
    await until(
      () => nodes.every(({ client }) => client.status.epoch !== epoch),
      'both have the new history',
    );
    for (const node of nodes) expect(node.databases()).toEqual(names);
    await Promise.all([a.client.createDatabase('of-a'), b.client.createDatabase('of-b')]);
    await until(() => nodes.every((node) => node.databases().length === names.length + 2), 'both follow');
    expect(b.databases()).toEqual(a.databases());
  });
});
