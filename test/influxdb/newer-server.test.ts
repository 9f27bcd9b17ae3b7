import { readFileSync } from 'node:fs';
import { CfluxClient, LocalMetaClient, type MetaData } from 'clusterflux';
import { importUnmanaged, influxqlOf, type Report, readInfluxMetadata } from 'clusterflux/influxdb';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it } from 'vitest';
import { describeFinding } from '../../src/cli/plan-text.js';
import { describeItem } from '../../src/influxdb/statements/item.js';
import { describeWithServer } from '../support/servers.js';
import { answeringProxy } from './support/answering-proxy.js';
import { database, day, hour, metadata, policy, query, user } from './support/build.js';
import { atEnd, directory, mirror, server } from './support/lab.js';
import { newerServer } from './support/newer-server.js';

/** An address of loopback for each test of this process, so that port 8088 is free there. */
let last = 0;
const address = () => `127.${64 + (process.pid % 64)}.${(process.pid >> 6) % 256}.${++last}`;

/** A cluster with a limited policy. */
const limited = (parts: { readonly future?: bigint; readonly past?: bigint } = {}): MetaData => {
  const { future, past } = parts;
  const raw = policy('raw', {
    duration: day,
    ...(future === undefined ? {} : { futureWriteLimit: future }),
    ...(past === undefined ? {} : { pastWriteLimit: past }),
  });
  return metadata({ databases: [database('d', [policy('autogen'), raw])] });
};

const limitsOf = (data: MetaData) => {
  const found = data.databases[0]?.retentionPolicies.find(({ name }) => name === 'raw');
  return [found?.futureWriteLimit, found?.pastWriteLimit];
};
const described = ({ pending, refused }: Pick<Report, 'pending' | 'refused'>) =>
  [...pending, ...refused].map(describeFinding);

describe('the write limits of a cluster', () => {
  it('are created, changed and removed on a server that has them, and then it is in sync', async () => {
    const its = await newerServer(address());
    const mine = mirror(its, { dir: await directory() });
    expect(await mine.converge(limited({ future: hour, past: 2n * hour }))).toMatchObject({
      refused: [],
      pending: [],
      source: 'snapshot',
    });
    expect(limitsOf(its.data())).toEqual([hour, 2n * hour]);
    await mine.converge(limited({ future: 3n * hour, past: 2n * hour }));
    expect(its.changes.at(-1)).toBe('ALTER RETENTION POLICY "raw" ON "d" FUTURE LIMIT 3h');
    const removed = limited({ future: 0n, past: 2n * hour });
    expect(await mine.converge(removed)).toMatchObject({ refused: [], pending: [], unmanaged: [] });
    expect(limitsOf(its.data())).toEqual([0n, 2n * hour]);
    // Changed on the server: put back, as any other value of a policy.
    await its.meta.updateRetentionPolicy('d', 'raw', { pastWriteLimit: hour }, false);
    await mine.converge(removed);
    expect(limitsOf(its.data())).toEqual([0n, 2n * hour]);
    expect((await mine.plan(removed)).steps).toEqual([]);
  });

  it('are created with the default policy, by statements that do not depend on the order of DEFAULT', async () => {
    const its = await newerServer(address());
    const raw = policy('raw', { duration: day, pastWriteLimit: hour });
    const wanted = metadata({ databases: [database('d', [raw])] });
    await mirror(its).converge(wanted);
    expect(limitsOf(its.data())).toEqual([0n, hour]);
    const action = {
      kind: 'createRetentionPolicy',
      database: 'd',
      policy: { ...raw, futureWriteLimit: hour },
      makeDefault: true,
    } as const;
    expect(influxqlOf(action)).toEqual([
      'CREATE RETENTION POLICY "raw" ON "d" DURATION 1d REPLICATION 1 SHARD DURATION 1h FUTURE LIMIT 1h PAST LIMIT 1h',
      'ALTER RETENTION POLICY "raw" ON "d" DEFAULT',
    ]);
  });

  it('are read by SHOW by the names of their columns', async () => {
    const proxy = await answeringProxy();
    const policies = readFileSync(
      new URL('../fixtures/influxdb-1.12/show-retention-policies.json', import.meta.url),
      'utf8',
    );
    const result = (id: number, columns: readonly string[], values: readonly (readonly unknown[])[]) => ({
      statement_id: id,
      series: [{ columns, values }],
    });
    proxy.respond = (text) =>
      text.startsWith('SHOW RETENTION')
        ? { body: JSON.stringify(JSON.parse(policies)) }
        : {
            body: JSON.stringify({
              results: [
                result(0, ['user', 'admin'], []),
                result(1, ['name'], [['d']]),
                { statement_id: 2 },
                { statement_id: 3 },
              ],
            }),
          };
    const data = await readInfluxMetadata(proxy.url);
    expect(data.databases[0]?.retentionPolicies).toMatchObject([
      { name: 'autogen', futureWriteLimit: 0n, pastWriteLimit: 0n },
      { name: 'raw', duration: day, futureWriteLimit: hour, pastWriteLimit: 2n * hour },
    ]);
    expect(data.databases[0]?.defaultRetentionPolicy).toBe('autogen');
  });

  it('are reported, and not sent, to a server that reports an older version, or none that is known', async () => {
    for (const version of ['1.11.8', '1.8.10', 'unknown']) {
      const its = await newerServer(address(), { version });
      const report = await mirror(its).converge(limited({ future: hour, past: 0n }));
      expect(its.changes.join()).not.toContain('LIMIT');
      expect(described(report)).toEqual([
        expect.stringMatching(
          `^FUTURE LIMIT of retention policy "raw" on "d": InfluxDB ${version} does not have`,
        ),
      ]);
    }
  });

  it('R34: that a push lost are reported, and not removed from a server', async () => {
    const its = await newerServer(address());
    const dir = await directory();
    const mine = mirror(its, { dir, drops: 'apply', maxDrops: 9 });
    await mine.converge(limited({ future: hour, past: 2n * hour }));
    const report = await mine.converge(limited());
    expect(limitsOf(its.data())).toEqual([hour, 2n * hour]);
    expect(report.unmanaged).toEqual([]);
    expect(described(report)).toEqual(
      ['FUTURE', 'PAST'].map((limit) =>
        expect.stringMatching(
          `^${limit} LIMIT of retention policy "raw" on "d": the metadata of the cluster lost it: .* ALTER RETENTION POLICY "raw" ON "d" ${limit} LIMIT \\d+ns`,
        ),
      ),
    );
    expect(described(await mine.converge(limited({ future: hour, past: 0n })))).toEqual([]);
    expect(limitsOf(its.data())).toEqual([hour, 0n]);
  });

  it('are unmanaged where only the server has them, and an import adds them', async () => {
    const manager = new Manager({ store: new MemoryStore() });
    const client = new CfluxClient(new LocalMetaClient(), { transport: new LocalTransport(manager) });
    await client.open();
    atEnd(async () => {
      await client.close();
      await manager.close();
    });
    await client.createDatabase('d');
    await client.createRetentionPolicy('d', { name: 'raw', duration: '1d' }, false);
    const its = await newerServer(address());
    const mine = mirror(its, { dir: await directory() });
    await mine.converge(await client.data());
    await its.meta.updateRetentionPolicy('d', 'raw', { futureWriteLimit: hour }, false);
    const { unmanaged } = await mine.converge(await client.data());
    expect(unmanaged.map(describeItem)).toEqual(['FUTURE LIMIT of retention policy "raw" on "d"']);
    expect(limitsOf(its.data())).toEqual([hour, 0n]);
    expect((await importUnmanaged(mine, client)).added).toEqual(unmanaged);
    expect(limitsOf(await client.data())).toEqual([hour, undefined]);
    expect(await mine.converge(await client.data())).toMatchObject({ pending: [], unmanaged: [] });
    // A whole policy brings its limits along.
    await its.meta.createRetentionPolicy('d', { name: 'more', pastWriteLimit: day }, false);
    await importUnmanaged(mine, client);
    expect(await client.retentionPolicy('d', 'more')).toMatchObject({ pastWriteLimit: day });
  });
});

describe('a continuous query', () => {
  const text = (names: string) =>
    `CREATE CONTINUOUS QUERY past ON d BEGIN SELECT mean(${names}) INTO d.autogen.Future FROM d.autogen.x WHERE h =~ /a\\/b;.*/ GROUP BY time(1m), verbose END`;
  const withQuery = (query_: string) =>
    metadata({ databases: [database('d', undefined, { continuousQueries: [query('past', query_)] })] });

  it('with names that InfluxDB 1.12 reserves is sent with quotes, and is in sync then', async () => {
    const its = await newerServer(address());
    const mine = mirror(its, { dir: await directory() });
    const report = await mine.converge(withQuery(text('future')));
    expect(described(report)).toEqual([]);
    expect(its.changes.at(-1)).toBe(
      `CREATE CONTINUOUS QUERY "past" ON d BEGIN SELECT mean("future") INTO d.autogen."Future" FROM d.autogen.x WHERE h =~ /a\\/b;.*/ GROUP BY time(1m), "verbose" END`,
    );
    const count = its.changes.length;
    await mine.converge(withQuery(text('future')));
    expect(its.changes).toHaveLength(count);
  });
});

describe('a server that does not report its snapshot port', () => {
  const users = metadata({ databases: [database('d')], users: [user('ana')] });

  it('is read at port 8088 of its loopback address', async () => {
    const its = await newerServer(address(), { data: users });
    const report = await mirror(its).converge(users);
    expect(report).toMatchObject({ source: 'snapshot', unverified: [] });
    expect(report).not.toHaveProperty('snapshotFailure');
    expect((await readInfluxMetadata(its.url, { snapshot: true })).users[0]?.hash).toBe(users.users[0]?.hash);
  });

  it('R34: is read by SHOW if another server is there, even one with the same databases and users', async () => {
    const host = address();
    const its = await newerServer(host, { snapshotPort: 0, data: users });
    const twin = await newerServer(host, { data: users });
    await twin.meta.createShardGroup('d', 'autogen', 0n);
    const report = await mirror(its).converge(users);
    expect(report.source).toBe('show');
    expect(report.snapshotFailure?.reason).toMatch(
      /8088 is not the snapshot port of .* but of another server/,
    );
  });

  it('and that cannot be read there is reported with the reason, --snapshot, and the affected users', async () => {
    const its = await newerServer(address(), { snapshotPort: 0, data: users });
    await its.meta.createUser('bob', 'x', false);
    const mine = mirror(its);
    const wanted = { ...users, users: [user('ana', { password: 'other' })] };
    const { snapshotFailure, source } = await mine.converge(wanted);
    expect(source).toBe('show');
    expect(snapshotFailure).toEqual({
      reason: expect.stringMatching(
        /^the server does not report its snapshot port; cannot read the snapshot port .*8088: .*--snapshot host:port$/,
      ),
      unverified: ['ana'],
      notImportable: ['bob'],
    });
    expect((await mine.plan(wanted)).snapshotFailure).toEqual(snapshotFailure);
    const named = mirror(its, { snapshot: its.snapshot });
    expect(await named.converge(wanted)).toMatchObject({ source: 'snapshot', unverified: [] });
  });

  it('is not looked for on this machine if it is on another one', async () => {
    const its = await newerServer(address(), { snapshotPort: 0 });
    const report = await mirror(its, { snapshot: false }).converge(metadata());
    expect(report.snapshotFailure?.reason).toBe('the snapshot port is not used (--no-snapshot)');
    await expect(
      readInfluxMetadata('http://192.0.2.1:1', { snapshot: true, timeout: 50, connectTimeout: 50 }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/TIMEOUT|UNREACHABLE/) });
  });
});

describeWithServer('influxd', 'a real server', () => {
  it('converges to a cluster with write limits and reserved names, whatever its version', async () => {
    const influxd = await server();
    const name =
      'CREATE CONTINUOUS QUERY past ON d BEGIN SELECT mean(future) INTO d.autogen.verbose FROM d.autogen.x WHERE h =~ /a\\\\/b;.*/ AND v > 1.23456 GROUP BY time(1m) fill(1.0) END';
    const data = limited({ future: hour, past: 0n });
    const wanted = {
      ...data,
      databases: data.databases.map((one) => ({ ...one, continuousQueries: [query('past', name)] })),
    };
    const mine = mirror(influxd, { snapshot: influxd.snapshot, dir: await directory() });
    const { refused, pending } = await mine.converge(wanted);
    const knows = /^1\.1[2-9]/.test(mine.serverVersion ?? '');
    expect(refused.map(({ item }) => item.kind)).toEqual(knows ? [] : ['writeLimit']);
    expect(pending).toEqual([]);
    const again = await mine.converge(wanted);
    expect(again.done).toEqual([]);
  });
});
