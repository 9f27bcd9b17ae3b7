import { afterAll, beforeAll, expect, it } from 'vitest';
import { balancer } from '../faults/support/balancer.js';
import { type EtcdCluster, startEtcd } from '../support/etcd.js';
import { describeWithServer } from '../support/servers.js';
import { contend } from './contend.js';
import { type Listed, releases } from './releases.js';

const { first, now } = releases;

describeWithServer('etcd', 'managers of both releases on one etcd', () => {
  let etcd: EtcdCluster;
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.close());

  const place = (prefix: string) => ({ etcd: etcd.endpoints, prefix });

  it('R20, R23, R26: serve one history to nodes of both, and agree which are alive', async () => {
    const managers = [await first.serve(place('/both/')), await now.serve(place('/both/'))];
    const nodes = managers.flatMap(({ url }) => [first.node(url), now.node(url)]);
    for (const node of nodes) await node.open();
    await contend(nodes, 5);
    const [reference, ...others] = await Promise.all(
      nodes.map(async (node) => (await node.nodes()).map(known)),
    );
    expect(reference?.filter(({ alive }) => alive)).toHaveLength(4);
    for (const other of others) expect(other).toEqual(reference);
    expect(new Set(nodes.map(({ status }) => status.epoch)).size).toBe(1);
  });

  it('R2, R29: behind one balancer, make every change of nodes of both once, pushed as a delta or as a snapshot', async () => {
    const managers = [await first.serve(place('/mixed/')), await now.serve(place('/mixed/'))] as const;
    const front = await balancer(managers[0].url, managers[1].url);
    const nodes = [now.node(front.url), first.node(front.url), now.node(front.url)];
    for (const node of nodes) await node.open();
    await contend(nodes, 5);
    expect(front.passages.some(({ method }) => method === 'PATCH')).toBe(true);
  });

  it.each([
    [first, now],
    [now, first],
  ])(
    'R2, R21: a prefix written by release $name is opened by the other, which goes on from it',
    async (from, to) => {
      const prefix = `/written-by-${from.name}/`;
      const before = await from.serve(place(prefix));
      const node = first.node(before.url);
      await node.open();
      await contend([node], 3);
      const { version, epoch } = node.status;
      await node.close();
      await before.close();
      const after = await to.serve(place(prefix));
      const other = now.node(after.url);
      await other.open();
      expect(other.status).toMatchObject({ version, epoch });
      await other.createDatabase('after');
      expect(other.status.version).toBeGreaterThan(version);
      expect(await other.databaseNames()).toHaveLength(4);
    },
  );
});

const known = ({ id, ip, hostname, bindAddress, alive }: Listed) => ({
  id,
  // The earlier release passes on the comma with which the wire ends each address.
  ip: ip.replace(/,$/, ''),
  hostname,
  bindAddress,
  alive,
});
