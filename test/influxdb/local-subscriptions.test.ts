import { CfluxClient, LocalMetaClient, type MetaData } from 'clusterflux';
import { importUnmanaged } from 'clusterflux/influxdb';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { expect, it } from 'vitest';
import type { Influxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { database, metadata, policy, subscription } from './support/build.js';
import { atEnd, directory, mirror, names, server } from './support/lab.js';

const subscribe = (of: Influxd, name: string) =>
  of.query(`CREATE SUBSCRIPTION "${name}" ON d.autogen DESTINATIONS ANY 'udp://127.0.0.1:9'`);

const subscriptions = async (of: Influxd) => {
  const { results } = await of.query('SHOW SUBSCRIPTIONS');
  return (results?.[0]?.series?.[0]?.values ?? []).map(([, name]) => name);
};

const clusterWith = (...shared: string[]): MetaData =>
  metadata({
    databases: [
      database('d', [policy('autogen', { subscriptions: shared.map((name) => subscription(name)) })]),
    ],
  });

describeWithServer('influxd', 'R34: subscriptions that are local to a server', () => {
  it('are neither imported nor mirrored; others are', async () => {
    const influxd = await server();
    await influxd.query('CREATE DATABASE d');
    for (const name of ['kapacitor-aaaa', 'shared']) await subscribe(influxd, name);
    const manager = new Manager({ store: new MemoryStore() });
    const client = new CfluxClient(new LocalMetaClient(), { transport: new LocalTransport(manager) });
    await client.open();
    atEnd(() => client.close());
    const its = mirror(influxd);
    await importUnmanaged(its, client);
    const held = client.meta.data().databases[0]?.retentionPolicies[0]?.subscriptions;
    expect(held?.map(({ name }) => name)).toEqual(['shared']);
    expect(await its.converge(await client.data())).toMatchObject({
      done: [],
      pending: [],
      unmanaged: [],
      local: [],
    });
    // Also one that is made later, on a database that the cluster has.
    await subscribe(influxd, 'kapacitor-bbbb');
    expect(await importUnmanaged(its, client)).toMatchObject({ added: [] });
  });

  it('keep nothing from being dropped', async () => {
    const influxd = await server();
    const its = mirror(influxd, { drops: 'apply', dir: await directory() });
    await its.converge(clusterWith(), { epoch: 'e', version: 1 });
    await subscribe(influxd, 'kapacitor-aaaa');
    const report = await its.converge(metadata(), { epoch: 'e', version: 2 });
    expect([report.done.length, report.pending]).toEqual([1, []]);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
  });

  it('that the cluster holds from before are left alone, and reported with the statement that removes them', async () => {
    const influxd = await server();
    const dir = await directory();
    const before = mirror(influxd, { dir, localSubscriptions: '' });
    const shared = clusterWith('kapacitor-aaaa', 'kapacitor-bbbb');
    await before.converge(shared, { epoch: 'e', version: 1 });
    expect(await subscriptions(influxd)).toEqual(['kapacitor-aaaa', 'kapacitor-bbbb']);
    await before.close();

    const its = mirror(influxd, { dir, drops: 'apply', maxDrops: 9 });
    const action = { kind: 'dropSubscription', database: 'd', policy: 'autogen', name: 'kapacitor-bbbb' };
    expect(await its.converge(shared, { epoch: 'e', version: 1 })).toMatchObject({
      done: [],
      pending: [],
      unmanaged: [],
      local: [{}, { item: { name: 'kapacitor-bbbb' }, action }],
    });
    await influxd.query('DROP SUBSCRIPTION "kapacitor-bbbb" ON d.autogen');
    await its.converge(shared, { epoch: 'e', version: 1 });
    // Dropped by the cluster: what is on the server is the server's own all the same.
    expect(await its.converge(clusterWith(), { epoch: 'e', version: 2 })).toMatchObject({
      done: [],
      local: [],
    });
    expect(await subscriptions(influxd)).toEqual(['kapacitor-aaaa']);
  });

  it('have the prefix that was chosen, and none with the empty one', async () => {
    const influxd = await server();
    await influxd.query('CREATE DATABASE d');
    for (const name of ['edge-1', 'kapacitor-aaaa']) await subscribe(influxd, name);
    const unmanaged = async (localSubscriptions: string) =>
      (await mirror(influxd, { localSubscriptions }).plan(clusterWith())).unmanaged.map(
        (item) => 'name' in item && item.name,
      );
    expect(await unmanaged('edge-')).toEqual(['kapacitor-aaaa']);
    expect(await unmanaged('')).toEqual(['edge-1', 'kapacitor-aaaa']);
  });
});
