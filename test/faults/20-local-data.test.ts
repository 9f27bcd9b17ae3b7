import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMetadata } from 'clusterflux';
import { expect, it, onTestFinished } from 'vitest';
import { inStep, labManager, node } from '../influxdb/support/fleet.js';
import { names } from '../influxdb/support/lab.js';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';
import { newNode, openNode } from './support/nodes.js';

it('#20 local data lost on join, R12: of two nodes with their own data, the later one backs all of it up, including shard groups and their ids, and reports it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-join-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const { url } = await serve();
  const withData = async (name: string) => {
    const metaDir = join(dir, name, 'meta');
    await mkdir(metaDir, { recursive: true });
    const one = newNode(url, { haste: 1, dir: join(dir, name), metaDir });
    await one.meta.open();
    await one.meta.createDatabase(name);
    await one.meta.createShardGroup(name, 'autogen', 1_000n);
    await one.meta.createUser(`${name}-user`, 'secret', true);
    return one;
  };
  const [first, second] = [await withData('first'), await withData('second')];
  const own = second.meta.data();
  await first.client.open();
  await second.client.open();
  expect(second.databases()).toEqual(['first']);
  const [replaced, ...more] = second.heard('replaced');
  expect(more).toEqual([]);
  expect(replaced).toMatchObject({ reason: 'joined' });
  expect(first.heard('replaced')).toEqual([]);
  const backup = decodeMetadata(await readFile(replaced?.backup ?? ''));
  expect(backup.databases).toEqual(own.databases);
  expect(backup.users.map(({ name }) => name)).toEqual(['second-user']);
  expect([backup.maxShardId, backup.maxShardGroupId]).toEqual([own.maxShardId, own.maxShardGroupId]);
  // A third one, without data, has nothing to report.
  const third = await openNode(url, { haste: 1 });
  expect(third.heard('replaced')).toEqual([]);
});

describeWithServer('influxd', '#20 two live servers with data of their own', () => {
  it('#20 local data lost on join: both keep every point and every shard through joining, changes and convergence', async () => {
    const manager = await labManager();
    const nodes = [await node(manager.url), await node(manager.url)] as const;
    const [a, b] = nodes;
    // Of the same ids on both: written into one another they would mix two databases.
    await a.influxd.query('CREATE DATABASE only_a');
    await b.influxd.query('CREATE DATABASE only_b');
    await a.influxd.write('only_a', 'm v=1 1000000000\nm v=2 2000000000000000000');
    await b.influxd.write('only_b', 'm v=1 1000000000\nm v=2 2000000000000000000');
    const shards = ({ influxd }: (typeof nodes)[number]) => influxd.query('SHOW SHARDS');
    const before = [await shards(a), await shards(b)];

    await a.client.createDatabase('shared');
    await b.client.createRetentionPolicy('shared', { name: 'week', duration: '7d', replicaN: 1 }, true);
    // Shard groups of the cluster are no server's.
    await a.client.createShardGroup('shared', 'autogen', 1_000n);
    const version = Math.max(...nodes.map(({ client }) => client.status.version));
    await Promise.all(nodes.map((each) => inStep(each, version)));
    const seen = ({ results }: Awaited<ReturnType<typeof shards>>) =>
      results?.flatMap(({ series }) => series?.filter(({ name }) => name?.startsWith('only_')) ?? []);
    for (const [at, each] of nodes.entries()) {
      expect(seen(await shards(each))).toEqual(seen(before[at] ?? {}));
      const own = at === 0 ? 'only_a' : 'only_b';
      expect(await names(each.influxd, `SELECT v FROM ${own}..m`)).toHaveLength(2);
      expect(await names(each.influxd, 'SHOW DATABASES')).toContain('shared');
      // And they can go on writing.
      await each.influxd.write('shared', `m,on=${own} v=3 3000000000`, 'autogen');
      expect(await names(each.influxd, 'SELECT v FROM shared.autogen.m')).toHaveLength(1);
    }
  });
});
