import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMetadata } from 'clusterflux';
import { describe, expect, it, onTestFinished } from 'vitest';
import { balancer, isPoll } from './support/balancer.js';
import { CfluxManager } from './support/cflux-manager.js';
import { type FaultNode, openNode, until } from './support/nodes.js';

/** Watches that a node never has less than it had. */
function neverShrinks(node: FaultNode): void {
  let had: string[] = [];
  const look = () => {
    const has = node.databases();
    expect(has).toEqual(expect.arrayContaining(had));
    had = has;
  };
  for (const event of ['synced', 'pushed', 'epochChanged', 'heartbeat'] as const) node.client.on(event, look);
  onTestFinished(look);
}

describe('#1 a manager that comes back empty or older', () => {
  it('#1 R11: killed with all that it had in memory, it is given back what the newest of its nodes has; no node shrinks', async () => {
    const manager = await CfluxManager.start(['--memory', '--node-ttl', '1s']);
    const front = await balancer(manager.url);
    const a = await openNode(manager.url);
    await a.client.createDatabase('old');
    const others = await Promise.all([openNode(manager.url), openNode(manager.url)]);
    const behind = await openNode(front.url);
    front.mischief = { request: (passage) => (isPoll(passage) ? 'cut' : undefined) };
    await until(() => behind.client.status.state === 'offline', 'one is cut off from news');
    const version = await a.client.createDatabase('newest').then(() => a.client.status.version);
    await Promise.all(others.map(({ client }) => client.waitForVersion(version)));
    const nodes = [behind, a, ...others];
    for (const node of nodes) neverShrinks(node);

    await manager.kill();
    await manager.start();
    front.mischief = {};
    const epoch = a.client.status.epoch;
    await until(
      () => nodes.every(({ client: { status } }) => status.epoch !== epoch && status.state === 'online'),
      'all have the new history',
    );
    for (const node of nodes) {
      expect(node.databases()).toEqual(['old', 'newest']);
      expect(node.heard('epochChanged')).toHaveLength(1);
      expect(node.heard('epochChanged')[0]).toMatchObject({ previousEpoch: epoch });
      expect(node.client.status.version).toBeGreaterThan(version);
      expect(node.heard('foreignCluster')).toEqual([]);
    }
    // It is a cluster as before.
    await behind.client.createDatabase('after');
    await a.client.waitForVersion(behind.client.status.version);
    expect(a.databases()).toEqual(['old', 'newest', 'after']);
  });

  it('#1 R11: restored from an older copy of its store, it is followed with a backup of what it lost and an event', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cflux-restored-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const data = join(dir, 'data');
    const manager = await CfluxManager.start(['--data', data, '--node-ttl', '1s']);
    const nodes = [
      await openNode(manager.url, { dir: join(dir, 'a') }),
      await openNode(manager.url, { dir: join(dir, 'b') }),
    ] as const;
    const [a, b] = nodes;
    await a.client.createDatabase('kept');
    await b.client.waitForVersion(a.client.status.version);
    await manager.stop();
    await cp(data, join(dir, 'copy'), { recursive: true });
    await manager.start();
    await b.client.createDatabase('lost');
    await a.client.waitForVersion(b.client.status.version);

    await manager.kill();
    await rm(data, { recursive: true });
    await cp(join(dir, 'copy'), data, { recursive: true });
    await manager.start();
    await until(() => nodes.every((node) => node.heard('epochChanged').length > 0), 'both notice');
    for (const node of nodes) {
      const [notified, ...more] = node.heard('epochChanged');
      expect(more).toEqual([]);
      expect(notified?.version).toBeLessThan(notified?.previousVersion ?? 0);
      const backup = decodeMetadata(notified?.snapshot ?? new Uint8Array());
      expect(backup.databases.map(({ name }) => name)).toEqual(['kept', 'lost']);
      expect(notified?.backup).toBeDefined();
      expect(node.databases()).toEqual(['kept']);
    }
    await a.client.createDatabase('after');
    await b.client.waitForVersion(a.client.status.version);
    expect(b.databases()).toEqual(['kept', 'after']);
  });
});
