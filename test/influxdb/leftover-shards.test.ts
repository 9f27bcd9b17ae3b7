import { copyFile, cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OrderedItem } from 'clusterflux';
import { expect, it } from 'vitest';
import type { Influxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { database, day, metadata, policy } from './support/build.js';
import { cuttingProxy } from './support/cutting-proxy.js';
import { directory, names, server } from './support/lab.js';
import { OrderingCluster } from './support/ordering-cluster.js';

const withX = metadata({
  databases: [database('kept'), database('x', [policy('autogen'), policy('p', { duration: 2n * day })])],
});
const withoutX = metadata({ databases: [database('kept')] });
const withoutP = metadata({ databases: [database('kept'), database('x')] });
const x: OrderedItem = { kind: 'database', database: 'x' };
const p: OrderedItem = { kind: 'retentionPolicy', database: 'x', policy: 'p' };

const lost = { code: 'METADATA_LOST' };
const metaFile = ({ dir }: Influxd) => join(dir, 'meta', 'meta.db');
const onDisk = async (influxd: Influxd) => {
  const { results } = await influxd.query("SHOW STATS FOR 'shard'");
  return (results?.[0]?.series ?? []).map((series) => Object(series)['tags'].database as string);
};

/** A server behind a proxy that agreed with a version with `x`, and has shards; its agent cannot read the snapshot port. */
async function followed() {
  const influxd = await server();
  const proxy = await cuttingProxy(influxd.url);
  const mine = { dir: await directory(), snapshot: false };
  const cluster = new OrderingCluster(withX);
  cluster.become(withX);
  await cluster.applyTo(proxy, mine);
  for (const name of ['kept', 'x']) await influxd.write(name, 'm v=1 1');
  await influxd.write('x', 'm v=1', 'p');
  await cluster.applyTo(proxy, mine);
  const converge = () => cluster.applyTo(proxy, mine);
  const restart = async (meanwhile: () => Promise<unknown> = async () => {}) => {
    await influxd.stop('SIGKILL');
    await meanwhile();
    await influxd.start();
  };
  return { influxd, proxy, cluster, converge, restart };
}

/** Writes while a drop is executed until InfluxDB leaves a shard of `x` behind. */
async function leaveShard(influxd: Influxd): Promise<void> {
  const dropping = { isOver: false };
  const write = async () => {
    while (!dropping.isOver) await influxd.write('x', 'm v=1 1').catch(() => undefined);
  };
  const writers = [write(), write(), write()];
  for (;;) {
    await influxd.query('DROP DATABASE "x"');
    if ((await onDisk(influxd)).includes('x')) break;
    await influxd.query('CREATE DATABASE "x"');
  }
  dropping.isOver = true;
  await Promise.all(writers);
}

/**
 * Makes an agent carry out `order`, whose statement the server executes before it is killed: a shard of it is left behind, as if a write
 * had coincided with it.
 */
async function dropAndDie({ influxd, proxy, cluster, converge, restart }: Followed, order: OrderedItem) {
  const kept = join(influxd.dir, 'kept');
  await cp(join(influxd.dir, 'data', 'x'), kept, { recursive: true });
  cluster.become(order.kind === 'database' ? withoutX : withoutP, order);
  cluster.become(withX);
  proxy.cutAt(1, 'after');
  await expect(converge()).rejects.toThrow();
  expect(proxy.changes.at(-1)).toMatch(/^DROP /);
  const place = order.kind === 'database' ? '' : order.policy;
  await restart(() => cp(join(kept, place), join(influxd.dir, 'data', 'x', place), { recursive: true }));
  proxy.mend();
}

type Followed = Awaited<ReturnType<typeof followed>>;

describeWithServer('influxd', 'R34: shards that a drop left behind, without the snapshot port', () => {
  it('R34: a drop by hand that left a shard behind is no loss, and neither is a restart after it', async () => {
    const { influxd, converge, restart } = await followed();
    await leaveShard(influxd);
    expect((await converge()).done.length).toBeGreaterThan(0);
    await restart();
    expect(await onDisk(influxd)).toContain('x');
    expect(await converge()).toMatchObject({ done: [], pending: [] });
    await restart(() => rm(metaFile(influxd)));
    await expect(converge()).rejects.toMatchObject(lost);
  });

  for (const order of [x, p])
    it(`R34: a server that was killed right after a drop of a ${order.kind} is converged`, async () => {
      const all = await followed();
      await dropAndDie(all, order);
      expect(await onDisk(all.influxd)).toContain('x');
      expect((await all.converge()).done.length).toBeGreaterThan(0);
      await all.restart();
      expect(await all.converge()).toMatchObject({ done: [], pending: [] });
      expect(await names(all.influxd, 'SELECT v FROM x.p.m')).toEqual([]);
    });

  it('R34: metadata that was lost when a drop left a shard behind is lost all the same', async () => {
    const all = await followed();
    await dropAndDie(all, x);
    await all.restart(async () => {
      await rm(metaFile(all.influxd));
      // Only what was dropped is on disk.
      await rm(join(all.influxd.dir, 'data', 'kept'), { recursive: true });
    });
    await expect(all.converge()).rejects.toMatchObject(lost);
    expect(await names(all.influxd, 'SHOW DATABASES')).toEqual([]);
  });

  it('R34: a database that was dropped and created again can be lost like any other', async () => {
    const all = await followed();
    const older = join(all.influxd.dir, 'older.db');
    all.cluster.become(withoutX, x);
    all.cluster.become(withX);
    await all.converge();
    await all.restart(() => copyFile(metaFile(all.influxd), older));
    await all.influxd.write('x', 'm v=2 2');
    await all.restart(() => copyFile(older, metaFile(all.influxd)));
    await expect(all.converge()).rejects.toMatchObject({
      ...lost,
      message: expect.stringContaining('of "x"'),
    });
  });
});
