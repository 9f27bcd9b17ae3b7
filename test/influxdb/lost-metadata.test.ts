import { copyFile, cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CfluxError } from 'clusterflux';
import type { InfluxMirror } from 'clusterflux/influxdb';
import { describe, expect, it } from 'vitest';
import type { Influxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { database, metadata, policy, user } from './support/build.js';
import { directory, mirror, names, server } from './support/lab.js';

const cluster = metadata({ databases: [database('alpha'), database('beta')] });
const origin = { epoch: 'e', version: 1 };

const metaFile = (of: Influxd) => join(of.dir, 'meta', 'meta.db');

/** A server in step, with a shard of each database on disk. */
async function filledServer(its: InfluxMirror, influxd: Influxd): Promise<void> {
  await its.converge(cluster, origin);
  for (const name of ['alpha', 'beta']) await influxd.write(name, 'm v=1');
  await its.converge(cluster, origin);
}

/** Restarts the server with other files. */
async function restart(influxd: Influxd, meanwhile: () => Promise<unknown>): Promise<void> {
  await influxd.stop();
  await meanwhile();
  await influxd.start();
}

async function lossOf(its: InfluxMirror): Promise<{ readonly id: string; readonly message: string }> {
  const error = await its.converge(cluster, origin).then(
    () => undefined,
    (caught: CfluxError) => caught,
  );
  expect(error).toMatchObject({ code: 'METADATA_LOST' });
  const message = error?.message ?? '';
  return { message, id: /--rebuild ([0-9a-f]+)/.exec(message)?.[1] ?? '' };
}

const bySource = [
  ['the snapshot port', true],
  ['SHOW', false],
] as const;

describeWithServer('influxd', 'R34: a server that lost its metadata', () => {
  describe.each(bySource)('read by %s', (_source, snapshot) => {
    it('is left alone while it has unknown shards on disk, and is converged when meta.db is back', async () => {
      const influxd = await server();
      const its = mirror(influxd, { dir: await directory(), snapshot });
      await filledServer(its, influxd);
      await restart(influxd, () => rename(metaFile(influxd), join(influxd.dir, 'kept.db')));
      const { message } = await lossOf(its);
      expect(message).toMatch(/shard 1 of "alpha"."autogen", shard 2 of "beta"."autogen"/);
      expect(message).toContain(`cflux recover --data ${influxd.dir}/data --wal ${influxd.dir}/wal`);
      expect(message).not.toContain('cflux provision');
      await expect(its.plan(cluster, origin)).rejects.toMatchObject({ code: 'METADATA_LOST', message });
      expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
      await restart(influxd, () => rename(join(influxd.dir, 'kept.db'), metaFile(influxd)));
      expect(await its.converge(cluster, origin)).toMatchObject({ done: [], pending: [] });
      expect(await names(influxd, 'SELECT v FROM alpha..m')).toHaveLength(1);
    });

    it('gets the schema with the id of the error, and that id is valid once', async () => {
      const influxd = await server();
      const dir = await directory();
      const its = mirror(influxd, { dir, snapshot });
      await filledServer(its, influxd);
      await restart(influxd, () => rm(metaFile(influxd)));
      const { id } = await lossOf(its);
      await its.close();

      const wrong = mirror(influxd, { dir, snapshot, rebuild: 'ffffffffffff' });
      expect((await lossOf(wrong)).id).toBe(id);
      await wrong.close();
      const rebuilding = mirror(influxd, { dir, snapshot, rebuild: id });
      expect((await rebuilding.plan(cluster, origin)).steps).toHaveLength(2);
      expect((await rebuilding.converge(cluster, origin)).done).toHaveLength(2);
      expect((await rebuilding.converge(cluster, origin)).done).toEqual([]);
      await rebuilding.close();

      // A restart with the same id, and then another loss: it permits nothing any more.
      const later = mirror(influxd, { dir, snapshot, rebuild: id });
      expect(await later.converge(cluster, origin)).toMatchObject({ done: [], pending: [] });
      await influxd.write('beta', 'm v=2');
      await later.converge(cluster, origin);
      await restart(influxd, () => rm(metaFile(influxd)));
      expect((await lossOf(later)).id).not.toBe(id);
      expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
    });

    it('is filled at once when its disk is new', async () => {
      const influxd = await server();
      const its = mirror(influxd, { dir: await directory(), snapshot });
      await filledServer(its, influxd);
      await restart(influxd, async () => {
        for (const part of ['meta/meta.db', 'data', 'wal'])
          await rm(join(influxd.dir, part), { recursive: true });
      });
      expect((await its.converge(cluster, origin)).done).toHaveLength(2);
      expect(await names(influxd, 'SHOW DATABASES')).toEqual(['alpha', 'beta']);
    });

    it('is converged when only its points are gone', async () => {
      const influxd = await server();
      const its = mirror(influxd, { dir: await directory(), snapshot });
      await filledServer(its, influxd);
      await restart(influxd, () => rename(join(influxd.dir, 'data'), join(influxd.dir, 'data-away')));
      expect(await its.converge(cluster, origin)).toMatchObject({ done: [], pending: [] });
    });

    it('is noticed by an agent that never saw it before', async () => {
      const influxd = await server();
      await filledServer(mirror(influxd, { snapshot }), influxd);
      await restart(influxd, () => rm(metaFile(influxd)));
      await lossOf(mirror(influxd, { dir: await directory(), snapshot }));
      expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
    });

    it('is noticed although another program makes databases there, whose shards take the ids of others', async () => {
      const influxd = await server();
      const its = mirror(influxd, { dir: await directory(), snapshot });
      await filledServer(its, influxd);
      await restart(influxd, () => rm(metaFile(influxd)));
      await influxd.query('CREATE DATABASE telegraf');
      for (const time of [1, 1e18]) await influxd.write('telegraf', `m v=1 ${time}`);
      expect((await lossOf(its)).message).toContain('shard 1 of "alpha"');
      expect(await names(influxd, 'SHOW DATABASES')).toEqual(['telegraf']);
    });
  });

  it('is noticed by an older index of the same metadata, without a shard on disk', async () => {
    const influxd = await server();
    const dir = await directory();
    const its = mirror(influxd, { dir });
    const older = join(influxd.dir, 'older.db');
    await restart(influxd, () => copyFile(metaFile(influxd), older));
    await its.converge(cluster, origin);
    await restart(influxd, () => copyFile(older, metaFile(influxd)));
    const { id, message } = await lossOf(its);
    expect(message).toMatch(/its metadata is at index \d+ and was at \d+/);
    expect(message).toMatch(/`cflux recover --data .*` or `cflux provision --data .* --meta .* --agent /);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
    // Commits of others meanwhile do not make another loss of it.
    await influxd.query('CREATE DATABASE other');
    expect((await lossOf(its)).id).toBe(id);
    await its.close();
    const rebuilding = mirror(influxd, { dir, rebuild: id });
    expect((await rebuilding.converge(cluster, origin)).done).toHaveLength(2);
    await restart(influxd, () => copyFile(older, metaFile(influxd)));
    expect((await lossOf(rebuilding)).id).not.toBe(id);
  });

  it('needs another permission for a second loss that looks like the first', async () => {
    const influxd = await server();
    const dir = await directory();
    const its = mirror(influxd, { dir });
    const older = join(influxd.dir, 'older.db');
    await restart(influxd, () => copyFile(metaFile(influxd), older));
    await its.converge(cluster, origin);
    await restart(influxd, () => copyFile(older, metaFile(influxd)));
    const first = await lossOf(its);
    await its.close();
    const rebuilding = mirror(influxd, { dir, rebuild: first.id });
    expect((await rebuilding.converge(cluster, origin)).done).toHaveLength(2);
    await restart(influxd, () => copyFile(older, metaFile(influxd)));
    const second = await lossOf(rebuilding);
    expect(second.message.replace(second.id, first.id), 'but for its id').toBe(first.message);
    expect(second.id).not.toBe(first.id);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
  });

  it('remembers what the cluster dropped: with meta.db back it is pending, not unmanaged', async () => {
    const influxd = await server();
    const its = mirror(influxd, { dir: await directory() });
    await filledServer(its, influxd);
    const smaller = metadata({ databases: [] });
    expect((await its.converge(smaller, { ...origin, version: 2 })).pending).toHaveLength(2);
    await restart(influxd, () => rename(metaFile(influxd), join(influxd.dir, 'kept.db')));
    await expect(its.converge(smaller, { ...origin, version: 2 })).rejects.toMatchObject({
      code: 'METADATA_LOST',
    });
    await restart(influxd, () => rename(join(influxd.dir, 'kept.db'), metaFile(influxd)));
    expect(await its.converge(smaller, { ...origin, version: 2 })).toMatchObject({
      pending: [{ item: { database: 'alpha' } }, { item: { database: 'beta' } }],
      unmanaged: [],
    });
  });

  it('gets no first administrator when it asks for credentials and its users are gone', async () => {
    const influxd = await server({ auth: true });
    const admin = user('root', { admin: true });
    const wanted = metadata({ databases: [database('alpha')], users: [admin] });
    const dir = await directory();
    const account = { username: 'root', password: 'root', dir };
    const its = mirror(influxd, account);
    await its.converge(wanted, origin);
    const query = (text: string) => influxd.query(text, { username: 'root', password: 'root' });
    await query("CREATE USER writer WITH PASSWORD 'x'; GRANT ALL ON alpha TO writer");
    const written = await fetch(`${influxd.url}/write?db=alpha`, {
      method: 'POST',
      body: 'm v=1',
      headers: { authorization: `Basic ${Buffer.from('root:root').toString('base64')}` },
    });
    expect(written.status).toBe(204);
    await restart(influxd, () => rm(metaFile(influxd)));
    const error = await its.converge(wanted, origin).catch((caught: CfluxError) => caught);
    expect(error).toMatchObject({ code: 'METADATA_LOST', message: expect.stringContaining('users') });
    // This server answers no statement, but it reported its directories before.
    expect(String(error)).toContain(`cflux recover --data ${influxd.dir}/data`);
    expect(await query('SHOW USERS')).toMatchObject({
      error: expect.stringContaining('create admin user first'),
    });

    const [, id = ''] = /--rebuild ([0-9a-f]+)/.exec(String(error)) ?? [];
    await its.close();
    const rebuilding = mirror(influxd, { ...account, rebuild: id });
    expect((await rebuilding.converge(wanted, origin)).done).not.toEqual([]);
    expect((await rebuilding.converge(wanted, origin)).done).toEqual([]);
  });

  it('is noticed with the ledger of a 0.1 agent, whose first look records the index', async () => {
    const influxd = await server();
    const dir = await directory();
    const first = mirror(influxd, { dir });
    await first.converge(cluster, origin);
    await first.close();
    const file = join(dir, 'influxdb-ledger.json');
    const {
      server: its,
      accepted: _accepted,
      rebuilds: _rebuilds,
      ...rest
    } = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...rest, server: { url: its.url, clusterId: its.clusterId } }));
    const second = mirror(influxd, { dir });
    expect(await second.converge(cluster, origin)).toMatchObject({ done: [], pending: [] });
    expect(JSON.parse(await readFile(file, 'utf8')).server.index).toBe(its.index);
  });

  it('differs from a server that left a shard behind when a write and a drop of its database coincided', async () => {
    const influxd = await server();
    const dir = await directory();
    const its = mirror(influxd, { dir });
    await filledServer(its, influxd);
    await its.close();
    const [shard, kept] = [join(influxd.dir, 'data', 'alpha'), join(influxd.dir, 'kept')];
    await restart(influxd, () => cp(shard, kept, { recursive: true }));
    await influxd.query('DROP DATABASE alpha');
    await restart(influxd, () => cp(kept, shard, { recursive: true }));
    const second = mirror(influxd, { dir });
    expect((await second.converge(cluster, origin)).done.length).toBeGreaterThan(0);
    await influxd.write('alpha', 'm v=2');
    expect(await names(influxd, 'SELECT v FROM alpha..m')).toHaveLength(1);
  });

  it('differs from a server whose retention service has yet to remove the shards of a deleted group', async () => {
    const influxd = await server({ retentionCheck: '24h' });
    const short = metadata({ databases: [database('d', [policy('autogen')])] });
    const its = mirror(influxd, { dir: await directory() });
    await its.converge(short, origin);
    await influxd.write('d', 'm v=1');
    await influxd.query('DROP SHARD 1');
    await influxd.write('d', 'm v=2');
    const wanted = metadata({ databases: [...short.databases, database('e')] });
    expect((await its.converge(wanted, origin)).done).toHaveLength(1);
  });
});
