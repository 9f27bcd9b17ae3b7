import { copyFile, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CfluxClient, LocalMetaClient, type MetaData } from 'clusterflux';
import { expect, it } from 'vitest';
import { cflux } from '../../support/fake-terminal.js';
import { describeWithServer } from '../../support/servers.js';
import { labManager } from '../support/fleet.js';
import { atEnd, directory, mirror, names, server } from '../support/lab.js';
import { countsOf, digestOf, flushed, metadataOf, metaFile, serverFlags } from './lost-server.js';

/** Weeks of points. More in the nightly run. */
const weeks = Number(process.env['RECOVER_WEEKS'] ?? 8);
const hour = 3_600_000;
const day = 24 * hour;
const week = 7 * day;

/** A Monday, and a time so many weeks before it. */
const monday = Date.UTC(2026, 0, 5);
const odd = 'odd "é" na.me';

/** Lines of points of two series, every `step` milliseconds from `from` to `to`. */
const points = (measurement: string, from: number, to: number, step: number): string =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, at) =>
    ['a', 'b'].map((tag) => `${measurement},tag=${tag} v=${at},w="x" ${from + at * step}000000`),
  )
    .flat()
    .join('\n');

describeWithServer('influxd', 'R34: a server that lost meta.db and kept its points', () => {
  it('is recovered from its shards and the cluster, whatever happened to the file', async () => {
    const manager = await labManager();
    const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), {
      cluster: 'prod',
      endpoint: manager.url,
    });
    await client.open();
    atEnd(() => client.close());
    const influxd = await server({ flushAfter: '1s', retentionCheck: '24h' });
    const agentDir = await directory();
    const commandFlags = ['--cluster', 'prod', '--endpoint', manager.url];
    const agent = mirror(influxd, { dir: agentDir, commandFlags });
    const step = async () => {
      const { version, epoch } = client.status;
      return agent.converge(await client.data(), { version, ...(epoch === undefined ? {} : { epoch }) });
    };
    for (const name of ['alpha', 'beta', odd]) await client.createDatabase(name);
    await client.createRetentionPolicy('alpha', { name: 'short', shardGroupDuration: '1h' }, false);
    await client.createRetentionPolicy(
      odd,
      { name: 'a b', duration: '5200w', shardGroupDuration: '2d' },
      true,
    );
    await client.createUser('root', 'root', true);
    await client.createUser('reader', 'reader', false);
    await client.setPrivilege('reader', 'alpha', 1);
    await step();

    const begin = monday - weeks * week;
    for (let at = 0; at < weeks; at++) {
      await influxd.write('alpha', points('m', begin + at * week, begin + (at + 1) * week, 8 * hour));
      await influxd.write(
        'beta',
        points('m', begin + at * week + day, begin + at * week + 2 * day, 12 * hour),
      );
    }
    await influxd.write(odd, points('m', begin, begin + 2 * week, 5 * hour), 'a b');
    // Hours, then days, then weeks.
    await influxd.write('alpha', points('s', monday, monday + 5 * hour, 20 * 60_000), 'short');
    await client.updateRetentionPolicy('alpha', 'short', { shardGroupDuration: '1d' }, false);
    await step();
    await copyFile(metaFile(influxd), join(influxd.dir, 'older.db'));
    await influxd.write('alpha', points('s', monday + 5 * hour, monday + 4 * day, hour), 'short');
    await client.updateRetentionPolicy('alpha', 'short', { shardGroupDuration: '7d' }, false);
    await step();
    await influxd.write('alpha', points('s', monday + 7 * day, monday + 3 * week, 6 * hour), 'short');
    await influxd.query(`DELETE FROM alpha.autogen.m WHERE tag = 'a' AND time < ${begin + week}000000`);
    await flushed(influxd);
    // Some points are only in the write-ahead log.
    await influxd.write('beta', points('late', monday, monday + 3 * week, 3 * day));
    await influxd.write('alpha', points('m', begin, begin + week, 9 * hour));
    await step();

    const policies = [
      ['alpha', 'autogen'],
      ['alpha', 'short'],
      ['beta', 'autogen'],
      [odd, 'autogen'],
      [odd, 'a b'],
    ] as const;
    const before = await countsOf(influxd, policies);
    expect(before.length).toBeGreaterThan(5);
    await influxd.stop('SIGKILL');
    const original = await metadataOf(influxd);
    await copyFile(metaFile(influxd), join(influxd.dir, 'original.db'));
    const digest = () => digestOf(join(influxd.dir, 'data'), join(influxd.dir, 'wal'));
    const onDisk = await digest();

    const recover = (...args: readonly string[]) =>
      cflux(['recover', ...serverFlags(influxd), ...args], { env: { CFLUX_ENDPOINT: manager.url } });
    const losses: Record<string, () => Promise<unknown>> = {
      removed: () => rm(metaFile(influxd)),
      emptied: () => writeFile(metaFile(influxd), ''),
      truncated: () => truncate(metaFile(influxd), 300),
      older: () => copyFile(join(influxd.dir, 'older.db'), metaFile(influxd)),
    };
    for (const [loss, lose] of Object.entries(losses)) {
      await copyFile(join(influxd.dir, 'original.db'), metaFile(influxd));
      await lose();
      const { code, out } = await recover('--agent', agentDir, '--cluster', 'prod');
      expect(code, `${loss}: ${out}`).toBe(0);
      expect(spansOf(await metadataOf(influxd)), loss).toEqual(spansOf(original));
      expect(await digest(), loss).toBe(onDisk);
    }

    // Also without the cluster, from the older file or from nothing at all.
    for (const source of [['--from', join(influxd.dir, 'older.db')], []]) {
      await rm(metaFile(influxd));
      expect((await recover(...source)).code).toBe(0);
      expect(spansOf(await metadataOf(influxd)), String(source)).toEqual(spansOf(original));
    }

    // A server that starts without the file makes a new one; its agent names the command that recovers it.
    await rm(metaFile(influxd));
    await influxd.start();
    const [, command = ''] = /`cflux (recover .*?)`/.exec(String(await step().catch((error) => error))) ?? [];
    await influxd.stop('SIGKILL');
    const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    expect(words).toEqual(expect.arrayContaining([join(influxd.dir, 'wal'), agentDir, influxd.snapshot]));
    expect((await cflux(words)).code, command).toBe(0);

    await influxd.start();
    expect(await countsOf(influxd, policies)).toEqual(before);
    // The agent resumes by itself, and finds nothing to do.
    expect(await step()).toMatchObject({ done: [], pending: [], refused: [] });
    expect(await names(influxd, 'SHOW USERS')).toEqual(['root', 'reader']);

    // A point that is written again replaces the old one, in the shard where it is.
    await influxd.write('alpha', points('m', begin + week, begin + 2 * week, 8 * hour));
    await influxd.write('alpha', points('s', monday, monday + 5 * hour, 20 * 60_000), 'short');
    await influxd.write(odd, points('m', begin, begin + 2 * week, 5 * hour), 'a b');
    expect(await countsOf(influxd, policies)).toEqual(before);
    // A point of another time gets a new shard, with an id that was never used.
    await influxd.write('beta', `m v=1 ${monday - 300 * week}000000`);
    expect(await step()).toMatchObject({ done: [], pending: [], refused: [] });
    await influxd.stop();
    expect((await metadataOf(influxd)).maxShardId).toBe(original.maxShardId + 1n);
  });

  it('deletes only expired points after a recovery, and mixes no databases', async () => {
    const influxd = await server({ retentionCheck: '24h' });
    const now = Date.now();
    for (const statement of [
      'CREATE DATABASE kept',
      'CREATE DATABASE old WITH DURATION INF REPLICATION 1 SHARD DURATION 1d NAME "two"',
    ])
      await influxd.query(statement);
    await influxd.write('kept', points('m', now - 20 * week, now, week));
    await influxd.write('old', points('m', now - 10 * day, now + 1, 6 * hour));
    // Whatever the time of day is, no group expires within the next hours.
    const hours = new Date(now).getUTCHours();
    const keptDays = hours < 12 ? 4 : 3;
    const duration = 48 + ((hours + 12) % 24);
    await influxd.query(`ALTER RETENTION POLICY two ON old DURATION ${duration}h`);
    const kept = [['kept', 'autogen']] as const;
    const before = await countsOf(influxd, kept);
    await influxd.stop('SIGKILL');
    await copyFile(metaFile(influxd), join(influxd.dir, 'original.db'));
    await rm(metaFile(influxd));
    // A shard all of whose points were deleted.
    await mkdir(join(influxd.dir, 'data', 'kept', 'autogen', '900'));
    const { code } = await cflux([
      ...['recover', ...serverFlags(influxd), '--from', join(influxd.dir, 'original.db')],
    ]);
    expect(code).toBe(0);

    const path = join(influxd.dir, 'influxdb.conf');
    const configuration = await readFile(path, 'utf8');
    await writeFile(path, configuration.replace('check-interval = "24h"', 'check-interval = "100ms"'));
    await influxd.start();
    const shardsOf = async (database: string) => {
      const answer = await influxd.query('SHOW SHARDS');
      return answer.results?.[0]?.series?.find(({ name }) => name === database)?.values?.length;
    };
    while ((await shardsOf('old')) !== keptDays) await pause(50);
    expect(await countsOf(influxd, kept)).toEqual(before);
    expect(await names(influxd, 'SHOW SHARDS')).toContain(900);
    await influxd.write('kept', 'm v=1');
    const [left] = await countsOf(influxd, [['old', 'two']]);
    const oldest = now - (now % day) - (keptDays - 1) * day;
    const count = Math.floor((now - oldest) / (6 * hour)) + 1;
    expect(left, 'what has not expired is still there').toContain(`[${count},`);
  });

  it('refuses to start over a running server, and writes nothing then', async () => {
    const influxd = await server();
    await influxd.query('CREATE DATABASE d');
    await influxd.write('d', 'm v=1');
    const before = await readFile(metaFile(influxd));
    const closed = ['--influxdb', 'http://127.0.0.1:1', '--snapshot', '127.0.0.1:1'];
    for (const flags of [serverFlags(influxd), [...serverFlags(influxd), ...closed]]) {
      const { code, err } = await cflux(['recover', ...flags]);
      expect(code).toBe(1);
      expect(err).toMatch(/the server runs: .*stop InfluxDB/);
    }
    // By its ports, and by its open files.
    expect((await cflux(['recover', ...serverFlags(influxd)])).err).toContain('accepts connections');
    const { err } = await cflux(['recover', ...serverFlags(influxd), ...closed]);
    expect(err).toMatch(/process \d+ \(influxd\) has \S+ open/);
    expect(await readFile(metaFile(influxd))).toEqual(before);
  });
});

/** The span of the group of each shard. */
const spansOf = ({ databases }: MetaData) =>
  Object.fromEntries(
    databases.flatMap(({ name, retentionPolicies }) =>
      retentionPolicies.flatMap((policy) =>
        policy.shardGroups.flatMap(({ startTime, endTime, shards }) =>
          shards.map(({ id }) => [
            `${id} ${name} ${policy.name}`,
            [startTime, endTime].map((time) => new Date(Number(time / 1_000_000n)).toISOString()).join(' '),
          ]),
        ),
      ),
    ),
  );
