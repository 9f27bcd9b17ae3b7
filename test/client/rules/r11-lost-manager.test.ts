import { decodeMetadata } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { followed, Lab, type LabNode, reasonOf } from './support/lab.js';
import { noting, type WireNote } from './support/wire.js';
import { databaseNames, databasesOf, wrappedKinds } from './support/wrapped-clients.js';

const timeToLive = 15_000;
const backupsOf = ({ disk }: LabNode) => disk.backups.map((backup) => databaseNames(decodeMetadata(backup)));

describe.each(wrappedKinds)('R11: a manager that lost everything, around $name', (kind) => {
  /** Three nodes; the last missed the last change. */
  async function three() {
    const lab = new Lab();
    const nodes: LabNode[] = [];
    for (let i = 0; i < 3; i++) nodes.push(await lab.open({ meta: kind.make() }));
    const [first, second, behind] = nodes as [LabNode, LabNode, LabNode];
    await lab.run(first.client.createDatabase('a'));
    await lab.settle(nodes);
    behind.network.partitioned = true;
    await lab.run(first.client.createDatabase('b'));
    await lab.settle([first, second]);
    return { lab, nodes, first, second, behind };
  }

  it('R11: takes the highest of what the nodes offer for one time to live; none of them shrinks meanwhile', async () => {
    const { lab, nodes, first, behind } = await three();
    const { epoch } = nodes[0]?.client.status ?? {};
    const versions = nodes.map(({ client }) => client.status.version);
    await lab.world.wipeManager();
    behind.network.partitioned = false;
    const wiped = lab.clock.monotonic();
    const stored = lab.history.length;
    while (lab.history.length === stored) {
      await lab.clock.advance(500);
      if (lab.history.length === stored) {
        expect(nodes.map(({ client }) => client.status.version)).toEqual(versions);
      }
      for (const { meta } of nodes) expect(await databasesOf(meta)).toContain('a');
      expect(await databasesOf(first.meta)).toEqual(['a', 'b']);
      expect(lab.clock.monotonic() - wiped).toBeLessThan(2.5 * timeToLive);
    }
    expect(lab.clock.monotonic() - wiped).toBeGreaterThanOrEqual(timeToLive);
    expect(databaseNames(lab.newest)).toEqual(['a', 'b']);
    await lab.clock.advance(60_000);
    for (const node of nodes) {
      expect(await databasesOf(node.meta)).toEqual(['a', 'b']);
      expect(node.client.status).toMatchObject({ state: 'online', version: lab.history.at(-1)?.version });
      expect(node.client.status.epoch).not.toBe(epoch);
      expect(node.heard('epochChanged')).toHaveLength(1);
    }
    expect(
      nodes.flatMap((node) => node.heard('epochChanged').map(({ seeded }) => seeded)).filter(Boolean),
    ).toHaveLength(1);
    expect(backupsOf(behind)).toEqual([['a']]);
    expect(nodes.slice(0, 2).flatMap(backupsOf)).toEqual([]);
    expect(lab.history).toHaveLength(stored + 1);
  });

  it('R11: an offer contains the previous epoch and version', async () => {
    const lab = new Lab();
    const notes: WireNote[] = [];
    const ours = await lab.open({ meta: kind.make(), manager: noting(lab.world.fake.transport, notes) });
    const { epoch, version } = ours.client.status;
    await lab.world.wipeManager();
    notes.length = 0;
    await lab.clock.advance(40_000);
    const offers = notes.filter(({ call }) => call === 'push');
    expect(offers.length).toBeGreaterThan(0);
    for (const { request } of offers)
      expect(request).toMatchObject({ version: 0, offer: { epoch, version } });
    expect(new Set(offers.map(({ request }) => (request as { mutation: string }).mutation)).size).toBe(1);
  });

  it('R11: a change waits for the collection to end, and is made in the new history', async () => {
    const { lab, nodes, first } = await three();
    await lab.world.wipeManager();
    const change = followed(first.client.createDatabase('c'));
    await lab.clock.advance(timeToLive - 1_000);
    expect(change.state).toBe('pending');
    expect(lab.history.filter(({ data }) => databaseNames(data).includes('c'))).toEqual([]);
    await lab.clock.advance(20_000);
    expect(change.state).toBe('resolved');
    expect(databaseNames(lab.newest)).toEqual(['a', 'b', 'c']);
    for (const { network } of nodes) network.partitioned = false;
    await lab.clock.advance(60_000);
    for (const node of nodes) expect(await databasesOf(node.meta)).toEqual(['a', 'b', 'c']);
  });

  it('R11: a later arrival with more gets a backup and an event; it never overwrites', async () => {
    const { lab, nodes, first, second, behind } = await three();
    await lab.world.wipeManager();
    first.network.partitioned = true;
    second.network.partitioned = true;
    behind.network.partitioned = false;
    await lab.clock.advance(60_000);
    expect(databaseNames(lab.newest)).toEqual(['a']);
    await lab.run(behind.client.createDatabase('since'));
    first.network.partitioned = false;
    second.network.partitioned = false;
    await lab.clock.advance(400_000);
    for (const node of nodes) expect(await databasesOf(node.meta)).toEqual(['a', 'since']);
    for (const node of [first, second]) {
      expect(backupsOf(node)).toEqual([['a', 'b']]);
      expect(node.heard('epochChanged')).toMatchObject([{ seeded: false, backup: expect.any(String) }]);
    }
    expect(databaseNames(lab.newest)).toEqual(['a', 'since']);
  });

  it('R11: if a fresh node is first, the others refuse its metadata as another cluster’s, and keep theirs', async () => {
    const { lab, first, second, behind } = await three();
    behind.network.partitioned = false;
    await lab.settle([behind]);
    // No old node sends a request before the new one.
    for (const { network } of [first, second, behind]) network.partitioned = true;
    await lab.world.wipeManager();
    const fresh = await lab.open({ meta: kind.make() });
    for (const { network } of [first, second, behind]) network.partitioned = false;
    await lab.clock.advance(400_000);
    for (const node of [first, second, behind]) {
      expect(node.client.status.state).toBe('foreignCluster');
      expect(await databasesOf(node.meta)).toEqual(['a', 'b']);
      expect(node.heard('foreignCluster')).toHaveLength(1);
    }
    expect(await lab.run(reasonOf(first.client.createDatabase('x')))).toMatchObject({
      code: 'FOREIGN_CLUSTER',
    });
    // One operator’s word is enough: the others know their own cluster again, the fresh one learns of it.
    await lab.run(first.client.reseed());
    await lab.clock.advance(60_000);
    for (const node of [first, second, behind, fresh]) {
      expect(node.client.status, 'after reseed()').toMatchObject({
        state: 'online',
        version: lab.history.at(-1)?.version,
      });
      expect(await databasesOf(node.meta)).toEqual(['a', 'b']);
    }
    await lab.run(fresh.client.createDatabase('y'));
    await lab.settle([first, second, behind]);
    expect(await databasesOf(behind.meta)).toEqual(['a', 'b', 'y']);
  });

  it('R11: a node that restarts meanwhile offers what it remembers', async () => {
    const { lab, first, second, behind } = await three();
    const { version } = first.client.status;
    await lab.run(second.client.close());
    await lab.run(behind.client.close());
    await lab.run(first.client.close());
    await lab.world.wipeManager();
    const notes: WireNote[] = [];
    const next = await lab.open({
      meta: first.meta,
      disk: first.disk,
      manager: noting(lab.world.fake.transport, notes),
    });
    expect(await databasesOf(next.meta)).toEqual(['a', 'b']);
    expect(next.client.status.version).toBeGreaterThan(version);
    expect(next.heard('epochChanged')).toMatchObject([{ previousVersion: version, seeded: true }]);
    expect(
      notes.some(({ request }) => (request as { offer?: { version: number } }).offer?.version === version),
    ).toBe(true);
  });
});
