import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeMetadata, formatDuration, LocalMetaClient, type MetaData } from 'clusterflux';
import { expect, it, onTestFinished } from 'vitest';
import { type InfluxAnswer, type Influxd, startInfluxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { temporaryDirectory } from './support/temporary-directory.js';

const admin = { username: 'admin', password: "it's a secret" };

/** A store with something of everything, made here. */
async function fill(client: LocalMetaClient): Promise<void> {
  await client.createDatabase('plain');
  await client.createDatabaseWithRetentionPolicy('telegraf', {
    name: 'a_year',
    duration: '52w',
    replicaN: 2,
  });
  await client.createRetentionPolicy('telegraf', { name: 'short', duration: '1h30m' }, false);
  await client.createDatabase('é "quoted" \\ name');
  await client.createContinuousQuery(
    'telegraf',
    'cq',
    'CREATE CONTINUOUS QUERY cq ON telegraf BEGIN SELECT mean(v) INTO telegraf.short.y FROM telegraf.a_year.x GROUP BY time(5m) END',
  );
  await client.createSubscription('plain', 'autogen', 'kapacitor', 'ANY', ['udp://h:1', 'http://h:2']);
  const now = BigInt(Date.now()) * 1_000_000n;
  await client.createShardGroup('plain', 'autogen', now);
  await client.createShardGroup('telegraf', 'a_year', now);
  await client.createUser(admin.username, admin.password, true);
  await client.createUser('bob', 'bob', false);
  await client.setPrivilege('bob', 'plain', 1);
  await client.setPrivilege('bob', 'telegraf', 3);
  await client.createDatabase('dropped');
  await client.dropDatabase('dropped');
}

async function started(...args: Parameters<typeof startInfluxd>): Promise<Influxd> {
  const server = await startInfluxd(...args);
  onTestFinished(() => server.remove());
  return server;
}

const quoted = (name: string) => `"${name.replace(/[\\"]/g, '\\$&')}"`;

/** The rows of the only result, each with the name of its series. */
function rows({ error, results }: InfluxAnswer): { name: string | undefined; values: unknown[] }[] {
  expect(error).toBeUndefined();
  expect(results?.[0]?.error).toBeUndefined();
  return (results?.[0]?.series ?? []).flatMap(({ name, values }) =>
    (values ?? []).map((row) => ({ name, values: row })),
  );
}

/** The rows of the only series, each by the names of its columns. */
function namedRows(answer: InfluxAnswer): Record<string, unknown>[] {
  const columns = answer.results?.[0]?.series?.[0]?.columns ?? [];
  return rows(answer).map(({ values }) =>
    Object.fromEntries(columns.map((column, at) => [column, values[at]])),
  );
}

/** Reads everything that SHOW returns, and compares it with `data`. */
async function expectAgreement(server: Influxd, data: MetaData): Promise<void> {
  const ask = async (statement: string) => rows(await server.query(statement, admin));
  const values = async (statement: string) => (await ask(statement)).map((row) => row.values);
  expect(await values('SHOW DATABASES')).toEqual(data.databases.map(({ name }) => [name]));
  for (const { name, defaultRetentionPolicy, retentionPolicies } of data.databases) {
    const answer = await server.query(`SHOW RETENTION POLICIES ON ${quoted(name)}`, admin);
    // By the names of the columns: InfluxDB 1.12 has more of them, before the last one.
    expect(namedRows(answer)).toMatchObject(
      retentionPolicies.map((policy) => ({
        name: policy.name,
        duration: formatDuration(policy.duration),
        shardGroupDuration: formatDuration(policy.shardGroupDuration),
        replicaN: policy.replicaN,
        default: policy.name === defaultRetentionPolicy,
      })),
    );
  }
  expect(await ask('SHOW CONTINUOUS QUERIES')).toEqual(
    data.databases.flatMap((database) =>
      database.continuousQueries.map(({ name, query }) => ({ name: database.name, values: [name, query] })),
    ),
  );
  expect(await ask('SHOW SUBSCRIPTIONS')).toEqual(
    data.databases.flatMap((database) =>
      database.retentionPolicies.flatMap((policy) =>
        policy.subscriptions.map(({ name, mode, destinations }) => ({
          name: database.name,
          values: [policy.name, name, mode, destinations],
        })),
      ),
    ),
  );
  const groups = data.databases.flatMap(({ name, retentionPolicies }) =>
    retentionPolicies.flatMap((policy) =>
      policy.shardGroups
        .filter(({ deletedAt }) => deletedAt === undefined)
        .map(({ id, startTime, endTime }) => [
          Number(id),
          name,
          policy.name,
          rfc3339(startTime),
          rfc3339(endTime),
        ]),
    ),
  );
  expect((await values('SHOW SHARD GROUPS')).map((row) => row.slice(0, 5))).toEqual(groups);
  expect(await values('SHOW USERS')).toEqual(data.users.map(({ name, admin }) => [name, admin]));
  const names = ['NO PRIVILEGES', 'READ', 'WRITE', 'ALL PRIVILEGES'];
  for (const { name, privileges } of data.users) {
    const granted = await values(`SHOW GRANTS FOR ${quoted(name)}`);
    expect(new Set(granted.map(String))).toEqual(
      new Set([...privileges].map(([database, privilege]) => `${database},${names[privilege]}`)),
    );
  }
}

const rfc3339 = (nanoseconds: bigint) =>
  new Date(Number(nanoseconds / 1_000_000n)).toISOString().replace('.000', '');

describeWithServer('influxd', 'a real InfluxDB server', () => {
  it('starts with a file that was written here: its responses agree, and the users log in', async () => {
    const dir = await temporaryDirectory();
    const client = new LocalMetaClient({ dir });
    await client.open();
    await fill(client);
    await client.close();
    const metadata = await readFile(join(dir, 'meta.db'));
    const server = await started({ auth: true, metadata });
    await expectAgreement(server, client.data());
    // Booting does not rewrite the file.
    expect((await readFile(join(server.dir, 'meta', 'meta.db'))).equals(metadata)).toBe(true);
    expect(rows(await server.query('SHOW DATABASES', { username: 'bob', password: 'bob' }))).toHaveLength(2);
    expect(await server.query('SHOW DATABASES', { username: 'bob', password: 'Bob' })).toEqual({
      error: 'authorization failed',
    });
  });

  it('its file opens here, byte for byte, and the users log in; what is changed here is there after a restart', async () => {
    const server = await started({ auth: true });
    const run = async (statement: string) => rows(await server.query(statement, admin));
    await run(`CREATE USER admin WITH PASSWORD 'it\\'s a secret' WITH ALL PRIVILEGES`);
    await run('CREATE DATABASE one WITH DURATION 30d SHARD DURATION 12h NAME "thirty"');
    await run('CREATE DATABASE "two"');
    await run('CREATE RETENTION POLICY "other" ON "two" DURATION 1h REPLICATION 3');
    await run('CREATE SUBSCRIPTION "s" ON "two"."autogen" DESTINATIONS ALL \'udp://h:1\'');
    await run(
      'CREATE CONTINUOUS QUERY "c" ON "two" BEGIN SELECT mean(v) INTO x FROM y GROUP BY time(5m) END',
    );
    await run("CREATE USER bob WITH PASSWORD 'bob'");
    await run('GRANT READ ON "one" TO bob');
    await server.stop();

    const dir = join(server.dir, 'meta');
    const client = new LocalMetaClient({ dir });
    await client.open();
    const bytes = await readFile(join(dir, 'meta.db'));
    expect(Buffer.from(client.marshalBinary()).equals(bytes)).toBe(true);
    expect((await client.authenticate('admin', admin.password)).admin).toBe(true);
    expect((await client.authenticate('bob', 'bob')).privileges).toEqual(new Map([['one', 1]]));
    await expect(client.authenticate('bob', 'x')).rejects.toThrowError('authentication failed');
    await client.dropUser('bob');
    await client.dropUser('admin');
    await fill(client);
    await client.dropDatabase('two');
    await client.close();

    await server.start();
    await expectAgreement(server, client.data());
    // It goes on from there, and so do we.
    await run('CREATE DATABASE "later"');
    const last = decodeMetadata(await readFile(join(dir, 'meta.db')));
    expect(last.index).toBe(client.data().index + 1n);
    expect(last.databases.at(-1)?.name).toBe('later');
    expect(last.clusterId).toBe(client.clusterId());
  });

  it('refuses the files that are refused here', async () => {
    for (const metadata of [Buffer.alloc(0), Buffer.from('this is not metadata')]) {
      await expect(startInfluxd({ metadata })).rejects.toThrowError(/influxd ended with 1/);
      const dir = await temporaryDirectory();
      await writeFile(join(dir, 'meta.db'), metadata);
      await expect(new LocalMetaClient({ dir }).open()).rejects.toMatchObject({ code: 'MALFORMED_METADATA' });
    }
  });
});
