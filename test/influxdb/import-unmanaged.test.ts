import { CfluxClient, LocalMetaClient, type MetaData } from 'clusterflux';
import { importUnmanaged } from 'clusterflux/influxdb';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addItems } from '../../src/influxdb/add-items.js';
import { itemsOf, keyOf } from '../../src/influxdb/statements/item.js';
import { schemaOf } from '../support/schema.js';
import { describeWithServer } from '../support/servers.js';
import { anyMetadata } from './support/arbitrary-metadata.js';
import { atEnd, directory, mirror, server } from './support/lab.js';

const keys = (data: MetaData) => new Set([...itemsOf(data)].map(keyOf));

describe('addItems', () => {
  it('adds what is missing, changes nothing that is there, and takes no shard over', () => {
    fc.assert(
      fc.property(anyMetadata, anyMetadata, (cluster, present) => {
        const items = [...itemsOf(present)].filter((item) => !keys(cluster).has(keyOf(item)));
        const { data, added } = addItems(cluster, present, items);
        const after = keys(data);
        for (const key of keys(cluster)) expect(after).toContain(key);
        for (const item of items) {
          // A policy that both have keeps the cluster's duration; no user has privileges on a database that no node has.
          if (item.kind === 'retention') continue;
          // The cluster may state that there is no limit.
          if (item.kind === 'writeLimit') continue;
          const exists = (name: string) => data.databases.some((database) => database.name === name);
          const says = cluster.users.some(
            (one) => item.kind === 'grant' && one.name === item.user && one.privileges.has(item.database),
          );
          if (item.kind === 'grant' && (!exists(item.database) || says)) continue;
          expect(after).toContain(keyOf(item));
        }
        for (const item of added) expect(keys(present)).toContain(keyOf(item));
        const ofCluster = schemaOf(cluster).databases.map(({ name, defaultRetentionPolicy }) => [
          name,
          defaultRetentionPolicy,
        ]);
        expect(
          schemaOf(data)
            .databases.slice(0, ofCluster.length)
            .map(({ name, defaultRetentionPolicy }) => [name, defaultRetentionPolicy]),
        ).toEqual(ofCluster);
        expect(data.users.slice(0, cluster.users.length).map(({ hash, admin }) => [hash, admin])).toEqual(
          cluster.users.map(({ hash, admin }) => [hash, admin]),
        );
        expect(addItems(data, present, items)).toMatchObject({ data, added: [] });
      }),
    );
  });
});

describeWithServer('influxd', 'importUnmanaged', () => {
  async function joined(manager: Manager): Promise<CfluxClient<LocalMetaClient>> {
    const client = new CfluxClient(new LocalMetaClient(), { transport: new LocalTransport(manager) });
    await client.open();
    atEnd(() => client.close());
    return client;
  }

  it('lets the first server seed an empty cluster, and imports unmanaged items of later ones on request', async () => {
    const manager = new Manager({ store: new MemoryStore() });
    atEnd(async () => manager.close());
    const [one, other] = [await server(), await server()];
    await one.query("CREATE DATABASE a; CREATE USER u WITH PASSWORD 'u'; GRANT READ ON a TO u");
    await one.query(
      'CREATE CONTINUOUS QUERY q ON a BEGIN SELECT mean(v) INTO m FROM x GROUP BY time(1m) END',
    );
    await one.write('a', 'm v=1 1');
    await other.query(
      "CREATE DATABASE b; CREATE RETENTION POLICY more ON b DURATION 1h REPLICATION 1; CREATE USER v WITH PASSWORD 'v'; GRANT ALL ON b TO v",
    );

    const first = await joined(manager);
    const firstMirror = mirror(one, { dir: await directory() });
    expect((await importUnmanaged(firstMirror, first, { ifEmpty: true })).added).toHaveLength(2);
    const seeded = await first.data();
    expect(seeded.databases[0]?.retentionPolicies[0]?.shardGroups).toEqual([]);
    expect(await firstMirror.plan(seeded)).toMatchObject({ steps: [], pending: [], unmanaged: [] });

    const second = await joined(manager);
    const secondMirror = mirror(other, { dir: await directory() });
    expect(await importUnmanaged(secondMirror, second, { ifEmpty: true })).toEqual({
      added: [],
      withoutHash: [],
    });
    const report = await secondMirror.converge(await second.data());
    expect(report.unmanaged).toEqual([
      { kind: 'database', database: 'b' },
      { kind: 'user', user: 'v' },
    ]);
    expect((await importUnmanaged(secondMirror, second)).added).toEqual(report.unmanaged);
    const both = await second.data();
    expect(both.databases.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(both.users.map(({ name }) => name)).toEqual(['u', 'v']);
    expect(await secondMirror.plan(both)).toMatchObject({ pending: [], unmanaged: [] });

    // What the cluster dropped is not unmanaged.
    await second.refresh();
    await secondMirror.converge(both);
    await second.dropDatabase('b');
    expect((await importUnmanaged(secondMirror, second)).added).toEqual([]);
  });

  it('leaves users out whose hash it cannot read', async () => {
    const manager = new Manager({ store: new MemoryStore() });
    atEnd(async () => manager.close());
    const influxd = await server();
    await influxd.query("CREATE DATABASE a; CREATE USER u WITH PASSWORD 'u'");
    const client = await joined(manager);
    const result = await importUnmanaged(mirror(influxd, { snapshot: false }), client);
    expect(result).toEqual({ added: [{ kind: 'database', database: 'a' }], withoutHash: ['u'] });
    expect((await client.data()).users).toEqual([]);
  });
});
