import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../meta/support/temporary-directory.js';
import { contend } from './contend.js';
import { releases } from './releases.js';

const { first, now } = releases;

describe.each([first, now])('a manager of release $name', (manager) => {
  it('R2, R26: serves nodes of both releases, and every acknowledged change is on all of them', async () => {
    const { url } = await manager.serve('memory');
    const nodes = [first.node(url), now.node(url), first.node(url), now.node(url)];
    for (const node of nodes) await node.open();
    await contend(nodes, 5);
    for (const node of nodes) expect((await node.nodes()).filter(({ alive }) => alive)).toHaveLength(4);
  });

  it.each([first, now])(
    'R11: a node of release $name keeps its id and its metadata over a restart',
    async (release) => {
      const { url } = await manager.serve('memory');
      const dir = await temporaryDirectory();
      const before = release.node(url, dir);
      await before.open();
      await before.createDatabase('kept');
      const { nodeId, version } = before.status;
      await before.close();
      const after = release.node(url, dir);
      await after.open();
      expect(after.status).toMatchObject({ nodeId, version });
      expect(await after.databaseNames()).toEqual(['kept']);
      expect(after.events.filter((event) => event !== 'synced')).toEqual([]);
    },
  );
});

describe('an upgrade of a manager', () => {
  it('R2: to this release, on the same lmdb directory, loses nothing and keeps epoch and ids', async () => {
    const dir = await temporaryDirectory();
    const before = await first.serve({ lmdb: dir });
    const nodeDir = await temporaryDirectory();
    const one = first.node(before.url, nodeDir);
    await one.open();
    await contend([one], 3);
    const { epoch, version, nodeId } = one.status;
    await one.close();
    await before.close();
    const after = await now.serve({ lmdb: dir });
    const again = now.node(after.url, nodeDir);
    await again.open();
    expect(again.status).toMatchObject({ epoch, version, nodeId });
    await again.createDatabase('after');
    expect(again.status.version).toBeGreaterThan(version);
    expect(await again.databaseNames()).toEqual(['db-0-0', 'db-0-1', 'db-0-2', 'after']);
  });
});
