import { copyFile, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CfluxClient, decodeMetadata, encodeMetadata, LocalMetaClient } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { metadataOf, metaFile, serverFlags } from '../influxdb/recover/lost-server.js';
import { database, metadata, policy, user } from '../influxdb/support/build.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, mirror, server } from '../influxdb/support/lab.js';
import { cflux } from '../support/fake-terminal.js';
import { describeWithServer } from '../support/servers.js';

/** A cluster with a schema, and what runs `cflux` with its manager. */
async function cluster() {
  const manager = await labManager();
  const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), {
    cluster: 'prod',
    endpoint: manager.url,
  });
  await client.open();
  atEnd(() => client.close());
  await client.createDatabase('sensors');
  await client.createRetentionPolicy('sensors', { name: 'month', duration: '30d' }, true);
  await client.createContinuousQuery(
    'sensors',
    'mean',
    'CREATE CONTINUOUS QUERY mean ON sensors BEGIN SELECT mean(v) INTO sensors.autogen.m FROM sensors.month.m GROUP BY time(1h) END',
  );
  await client.createSubscription('sensors', 'month', 's', 'ALL', ['udp://127.0.0.1:9']);
  await client.createUser('root', 'root password', true);
  await client.createUser('reader', 'secret', false);
  await client.setPrivilege('reader', 'sensors', 1);
  const run = (args: readonly string[]) => cflux(args, { env: { CFLUX_ENDPOINT: manager.url } });
  return { client, run };
}

describeWithServer('influxd', 'R34: cflux provision', () => {
  it('gives a fresh server every user with its password, and an agent finds nothing to do', async () => {
    const { client, run } = await cluster();
    const influxd = await server({ auth: true });
    const flags = ['provision', ...serverFlags(influxd), '--cluster', 'prod'];

    // A server without databases has no file open: its configuration names the directory.
    const closed = ['--influxdb', 'http://127.0.0.1:1', '--snapshot', '127.0.0.1:1'];
    const before = await readFile(metaFile(influxd));
    expect(await run([...flags, ...closed])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/the server runs: process \d+ \(influxd\) uses .*meta/),
    });
    expect(await run(flags)).toMatchObject({ code: 1, err: expect.stringContaining('accepts connections') });
    expect(await run([...flags, '--dry-run'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('the server runs'),
    });
    expect(await readFile(metaFile(influxd))).toEqual(before);

    await influxd.stop();
    const { clusterId, index } = await metadataOf(influxd);
    const dry = await run([...flags, '--dry-run']);
    expect(dry).toMatchObject({ code: 2, out: expect.stringContaining('+ database "sensors"') });
    expect(dry.out).toContain('+ user "root"');
    expect(dry.out).not.toMatch(/\$2[aby]\$/);
    expect(await readdir(join(influxd.dir, 'meta'))).toEqual(['meta.db']);

    const { code, out } = await run(flags);
    expect(code).toBe(0);
    const [, backup = ''] = /the previous file is (\S+)/.exec(out) ?? [];
    expect(decodeMetadata(await readFile(backup))).toMatchObject({ clusterId, index, databases: [] });
    expect(await metadataOf(influxd)).toMatchObject({ clusterId, index: index + 1n });
    expect(await run(flags)).toMatchObject({ code: 0, out: expect.stringContaining('nothing to do') });

    await influxd.start();
    for (const [username, password] of [
      ['root', 'root password'],
      ['reader', 'secret'],
    ] as const) {
      const { results, error } = await influxd.query('SHOW DATABASES', { username, password });
      expect(error).toBeUndefined();
      expect(results?.[0]?.series?.[0]?.values).toEqual([['sensors']]);
    }
    expect((await influxd.query('SHOW DATABASES', { username: 'reader', password: 'wrong' })).error).toBe(
      'authorization failed',
    );
    const planned = mirror(influxd, {
      username: 'root',
      password: 'root password',
      passwords: () => undefined,
    });
    expect(await planned.plan(await client.data())).toMatchObject({
      steps: [],
      pending: [],
      refused: [],
      unmanaged: [],
    });
  });

  it('is refused for a server that lost its metadata, and names what recovers it', async () => {
    const { run } = await cluster();
    const influxd = await server();
    await influxd.query('CREATE DATABASE d');
    await influxd.write('d', 'm v=1');
    await influxd.stop();
    const kept = join(influxd.dir, 'kept.db');
    await rename(metaFile(influxd), kept);
    const flags = ['provision', ...serverFlags(influxd), '--cluster', 'prod'];
    const refusal = { code: 1, err: expect.stringMatching(/shard 1 of "d"."autogen".*cflux recover/) };
    expect(await run(flags)).toMatchObject(refusal);
    await writeFile(metaFile(influxd), '');
    expect(await run(flags)).toMatchObject(refusal);
    await writeFile(metaFile(influxd), 'damaged');
    expect(await run(flags)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/malformed.*cflux recover/),
    });
    expect(await readdir(join(influxd.dir, 'meta'))).toEqual(['meta.db']);

    await copyFile(kept, metaFile(influxd));
    const { code, out } = await run([...flags, '--exact']);
    expect(code).toBe(0);
    expect(out).toContain('kept: database "d" has shards');
    expect((await metadataOf(influxd)).databases.map(({ name }) => name)).toEqual(['d', 'sensors']);
  });
});

describe('cflux provision without a server', () => {
  const nowhere = ['--influxdb', 'http://127.0.0.1:1', '--snapshot', '127.0.0.1:1'];

  it('creates a missing or empty file, and reports as JSON', async () => {
    const { run } = await cluster();
    const meta = await directory();
    const flags = ['provision', '--meta', meta, '--cluster', 'prod', '--json', ...nowhere];
    const { code, out } = await run(flags);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      changed: true,
      written: true,
      path: join(meta, 'meta.db'),
      refused: [],
    });
    expect((await stat(join(meta, 'meta.db'))).mode & 0o777).toBe(0o600);
    const first = decodeMetadata(await readFile(join(meta, 'meta.db')));
    await writeFile(join(meta, 'meta.db'), '');
    expect(JSON.parse((await run(flags)).out)).toMatchObject({ backup: expect.any(String) });
    expect(decodeMetadata(await readFile(join(meta, 'meta.db'))).clusterId).not.toBe(first.clusterId);
  });

  it('does not remove the last administrator', async () => {
    const { client, run } = await cluster();
    await client.setAdminPrivilege('root', false);
    const meta = await directory();
    const own = metadata({ users: [user('admin', { admin: true })] });
    await writeFile(join(meta, 'meta.db'), encodeMetadata(own));
    const flags = ['provision', '--meta', meta, '--cluster', 'prod', '--exact', ...nowhere];
    expect(await run(flags)).toMatchObject({ code: 1, err: expect.stringContaining('--allow-no-admin') });
    expect((await run([...flags, '--allow-no-admin'])).code).toBe(0);
  });

  it('refuses a directory of an agent as data, and other mistakes', async () => {
    const { run } = await cluster();
    const meta = await directory();
    await writeFile(join(meta, 'cflux.json'), '{}');
    for (const [args, message] of [
      [['--data', meta], /data: .* is the directory of an agent/],
      [['--meta', join(meta, 'none')], /meta: .*no such file/],
      [['--influxdb', 'x'], /--influxdb: "x" is not a URL/],
      [['--snapshot', 'x'], /snapshot: "x" is not host:port/],
    ] as const) {
      const { code, err } = await run([
        'provision',
        '--meta',
        meta,
        '--cluster',
        'prod',
        ...nowhere,
        ...args,
      ]);
      expect(code, err).toBe(2);
      expect(err).toMatch(message);
    }
  });
});

describe('cflux export --onto', () => {
  it('writes the schema of the cluster onto the metadata of a server', async () => {
    const { run } = await cluster();
    const dir = await directory();
    const group = { id: 3n, startTime: 0n, endTime: 5n, shards: [{ id: 4n, owners: [] }] };
    const own = metadata({
      clusterId: 7n,
      index: 9n,
      maxShardId: 4n,
      maxShardGroupId: 3n,
      databases: [database('sensors', [policy('autogen', { shardGroups: [group] })]), database('mine')],
    });
    await writeFile(join(dir, 'server.db'), encodeMetadata(own));
    const flags = ['export', 'prod', '--onto', join(dir, 'server.db'), '--output', join(dir, 'new.db')];
    expect((await run(flags)).code).toBe(0);
    const written = decodeMetadata(await readFile(join(dir, 'new.db')));
    expect(written).toMatchObject({ clusterId: 7n, index: 10n, maxShardId: 4n, maxShardGroupId: 3n });
    expect(written.databases.map(({ name }) => name)).toEqual(['sensors', 'mine']);
    expect(written.databases[0]?.retentionPolicies).toMatchObject([
      { name: 'autogen', shardGroups: [group] },
      { name: 'month' },
    ]);
    expect(written.users.map(({ name }) => name)).toEqual(['root', 'reader']);
    await rm(join(dir, 'new.db'));
    expect((await run([...flags, '--exact'])).code).toBe(0);
    expect(decodeMetadata(await readFile(join(dir, 'new.db'))).databases.map(({ name }) => name)).toEqual([
      'sensors',
    ]);
    for (const args of [
      ['--exact'],
      ['--onto', join(dir, 'none')],
      ['--onto', join(dir, 'new.db'), '--format', 'iql'],
    ])
      expect((await run(['export', 'prod', ...args])).code, String(args)).toBe(2);
  });
});
