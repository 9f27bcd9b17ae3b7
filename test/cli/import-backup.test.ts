import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { decodeMetadata } from 'clusterflux';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cflux } from '../support/fake-terminal.js';
import { startInfluxd } from '../support/influxd.js';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';

const fixture = (name: string) => readFile(new URL(`../fixtures/backup/${name}`, import.meta.url));

async function setUp() {
  const { url, manager } = await serve();
  const dir = await mkdtemp(join(tmpdir(), 'cflux-backup-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const run = (cluster: string, file: string) =>
    cflux(['import', cluster, file], { env: { CFLUX_ENDPOINT: url } });
  const imported = async (cluster: string) => {
    const [newest] = await manager.history(cluster);
    return decodeMetadata(await manager.version(cluster, newest?.version ?? 0));
  };
  return { dir, manager, run, imported };
}

describe('cflux import', () => {
  it.each(['portable.meta', 'meta.00'])('takes a %s that InfluxDB 1.6.7 wrote', async (name) => {
    const { dir, run, imported } = await setUp();
    const file = join(dir, name);
    await writeFile(file, await fixture(name));
    const { code, out } = await run('prod', file);
    expect(code).toBe(0);
    expect(out).toContain('2 databases and 2 users');
    const { databases, users } = await imported('prod');
    expect(databases.map((database) => database.name)).toEqual(['alpha', 'beta']);
    expect(databases[0]?.retentionPolicies.map((policy) => policy.name)).toEqual(['autogen', 'month']);
    expect(databases[0]?.continuousQueries.map((query) => query.name)).toEqual(['c']);
    expect(users.map((user) => [user.name, user.admin])).toEqual([
      ['ann', true],
      ['bob', false],
    ]);
  });

  it.each(['portable.meta', 'meta.00'])('refuses a %s that is cut short at any byte', async (name) => {
    const { dir, manager, run } = await setUp();
    const whole = await fixture(name);
    const file = join(dir, name);
    for (const length of [1, 7, 8, 15, 16, 17, 100, whole.length - 20, whole.length - 1]) {
      await writeFile(file, whole.subarray(0, length));
      const { code, err } = await run('prod', file);
      expect([code, err]).toEqual([2, expect.stringContaining(`${file}: the backup is damaged: `)]);
      expect(err).toContain('or create another backup');
    }
    expect(await manager.clusters()).toEqual([]);
  });

  it('refuses a backup whose bytes changed, and the other files of a backup by what they are', async () => {
    const { dir, manager, run } = await setUp();
    const legacy = await fixture('meta.00');
    const changed = (at: number, byte: number) => legacy.map((old, i) => (i === at ? byte : old));
    const tar = Buffer.alloc(512);
    tar.write('alpha/autogen/1');
    tar.write('ustar', 257);
    const wrong: readonly (readonly [string, Uint8Array, string])[] = [
      ['meta.00', changed(5, 0), 'the backup is damaged: it does not start like a meta.00'],
      ['meta.00', changed(8, 0xff), 'the backup is damaged: it has '],
      ['meta.00', changed(20, 0xff), 'malformed metadata'],
      [
        'x.manifest',
        Buffer.from('{"limited":false}'),
        'this is the manifest of a backup, not metadata; name the .meta',
      ],
      [
        'x.s1.tar.gz',
        Buffer.from([0x1f, 0x8b, 8, 0]),
        'this is the compressed data of a shard, not metadata',
      ],
      ['alpha.autogen.00001.00', tar, 'this is the data of a shard, not metadata'],
      ['empty', Buffer.alloc(0), 'this is an empty file, not metadata'],
    ];
    for (const [name, bytes, reason] of wrong) {
      const file = join(dir, name);
      await writeFile(file, bytes);
      const { code, err } = await run('prod', file);
      expect([code, err]).toEqual([2, expect.stringContaining(`${file}: ${reason}`)]);
    }
    expect(await manager.clusters()).toEqual([]);
  });

  it('names files of InfluxDB 2 and 3, and what to do', async () => {
    const { dir, manager, run } = await setUp();
    const bolt = Buffer.alloc(4_096);
    bolt.writeUInt16LE(4, 8);
    bolt.writeUInt32LE(0xed0cdaed, 16);
    const sqlite = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(84)]);
    const large = Buffer.concat([bolt, randomBytes(100_000)]);
    const files: readonly (readonly [string, Buffer, string])[] = [
      ['influxd.bolt', bolt, 'the bolt database of an InfluxDB 2 server'],
      ['influxd.sqlite', sqlite, 'an SQLite database, as InfluxDB 2 has'],
      ['20261129T012101Z.bolt.gz', gzipSync(bolt), 'the metadata of a backup of InfluxDB 2 (bolt)'],
      ['large.bolt.gz', gzipSync(large), 'the metadata of a backup of InfluxDB 2 (bolt)'],
      ['20261129T012101Z.sqlite.gz', gzipSync(sqlite), 'the metadata of a backup of InfluxDB 2 (SQLite)'],
      [
        '20261129T012101Z.manifest',
        Buffer.from('{"kv":{"fileName":"x.bolt.gz","size":1},"files":[]}'),
        'the manifest of a backup of InfluxDB 2',
      ],
      [
        '00000000000000000001.catalog',
        Buffer.from('idb3.001.l...'),
        'a file of the catalog or the log of InfluxDB 3',
      ],
      ['snapshot.catalog', Buffer.from('idb3.004.s...'), 'a file of the catalog or the log of InfluxDB 3'],
      ['00000000001.wal', Buffer.from('idb3.001....'), 'a file of the catalog or the log of InfluxDB 3'],
      ['x.parquet', Buffer.from('PAR1....'), 'a Parquet file, as InfluxDB 3 has'],
    ];
    for (const [name, bytes, what] of files) {
      const file = join(dir, name);
      await writeFile(file, bytes);
      const { code, err } = await run('prod', file);
      expect([code, err]).toEqual([2, expect.stringContaining(`${file}: this is ${what}`)]);
      expect(err).toMatch(
        /, not metadata; InfluxDB [23] has no metadata as InfluxDB 1\.x has; name a meta\.db/,
      );
    }
    const { err } = await run('prod', dir);
    expect(err).toContain('this is a directory: name a file in it');
    expect(await manager.clusters()).toEqual([]);
  });
});

describeWithServer('influxd', 'cflux import of `influxd backup`', () => {
  it('makes a cluster of what the server has, from a portable and a legacy backup', async () => {
    const { dir, run, imported } = await setUp();
    const server = await startInfluxd();
    onTestFinished(() => server.remove());
    await server.query('CREATE DATABASE alpha');
    await server.query('CREATE RETENTION POLICY month ON alpha DURATION 30d REPLICATION 1');
    await server.query("CREATE USER ann WITH PASSWORD 'secret' WITH ALL PRIVILEGES");
    await server.write('alpha', 'm v=1 1600000000000000000');
    const backup = (...args: string[]) =>
      promisify(execFile)('influxd', ['backup', '-host', server.snapshot, ...args]);
    await backup('-portable', join(dir, 'portable'));
    await backup(join(dir, 'legacy'));
    const portable = (await readdir(join(dir, 'portable'))).find((name) => name.endsWith('.meta')) ?? '';
    await server.stop();
    const expected = decodeMetadata(await readFile(join(server.dir, 'meta', 'meta.db')));
    expect(expected.databases[0]?.retentionPolicies[0]?.shardGroups).toHaveLength(1);
    for (const file of [join(dir, 'portable', portable), join(dir, 'legacy', 'meta.00')]) {
      const { code, err } = await run(`of ${file}`, file);
      expect([code, err]).toEqual([0, '']);
      expect(await imported(`of ${file}`)).toEqual(expected);
    }
  });
});
