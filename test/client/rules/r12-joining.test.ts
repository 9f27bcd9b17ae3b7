import { decodeMetadata, encodeMetadata, equalMetadata, LocalMetaClient } from 'clusterflux';
import { MemoryStorage } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { World } from '../world/world.js';
import { Lab, reasonOf } from './support/lab.js';
import { PlainManager } from './support/plain-manager.js';
import { databaseNames, databasesOf, dataWith, wrappedKinds } from './support/wrapped-clients.js';

/** A cluster with one database. */
async function clusterWith(...databases: string[]) {
  const lab = new Lab();
  const first = await lab.open();
  for (const name of databases) await lab.run(first.client.createDatabase(name));
  return { lab, first };
}

describe.each(wrappedKinds)('R12 around $name', (kind) => {
  it('R12: metadata of a joining node that the cluster lacks is backed up in dir, and reported', async () => {
    const { lab } = await clusterWith('theirs');
    const own = await dataWith(5n, 'own', 'more');
    const ours = await lab.open({ meta: kind.make(own) });
    expect(await databasesOf(ours.meta)).toEqual(['theirs']);
    const [event] = ours.heard('replaced');
    expect(event).toMatchObject({ reason: 'joined', version: ours.client.status.version });
    const name = event?.backup?.replace('memory:', '') ?? '';
    expect(name).toMatch(/^backups\/2023-11-14T.*-joined-[0-9a-f]{12}\.db$/);
    // All of it, in a form that InfluxDB opens.
    const backup = decodeMetadata(ours.disk.files.get(name) ?? new Uint8Array());
    expect(equalMetadata(backup, own)).toBe(true);
    expect(ours.heard('replaced')).toHaveLength(1);
  });

  it('R12: without a directory it is kept in the event alone', async () => {
    const { lab } = await clusterWith('theirs');
    const own = await dataWith(5n, 'own');
    const ours = await lab.open({ meta: kind.make(own), disk: null });
    const [event] = ours.heard('replaced');
    expect(event).toMatchObject({ reason: 'joined' });
    expect(event).not.toHaveProperty('backup');
    expect(equalMetadata(decodeMetadata(event?.snapshot ?? new Uint8Array()), own)).toBe(true);
  });

  it('R12: users alone are reason enough', async () => {
    const { lab } = await clusterWith('theirs');
    const user = { name: 'ada', hash: '$2a$10$'.padEnd(60, 'x'), admin: true, privileges: new Map() };
    const ours = await lab.open({ meta: kind.make({ ...(await dataWith(5n)), users: [user] }) });
    expect(ours.heard('replaced')).toHaveLength(1);
    expect(ours.disk.backups.map((backup) => decodeMetadata(backup).users[0]?.name)).toEqual(['ada']);
  });

  it.each([
    ['an empty node', async () => dataWith(5n)],
    ['a node that has just what the cluster has', async () => dataWith(5n, 'theirs')],
  ])('R12: %s has nothing to lose: no backup, no event', async (_, own) => {
    const lab = new Lab();
    await lab.open({ meta: kind.make(await dataWith(1n, 'theirs')) });
    const ours = await lab.open({ meta: kind.make(await own()) });
    expect(await databasesOf(ours.meta)).toEqual(['theirs']);
    expect(ours.disk.backups).toEqual([]);
    expect(ours.heard('replaced')).toEqual([]);
  });

  it('R12: the first node of a cluster loses nothing: the cluster gets what it had', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make(await dataWith(5n, 'own')) });
    expect(await databasesOf(ours.meta)).toEqual(['own']);
    expect(databaseNames(lab.newest)).toEqual(['own']);
    expect(ours.heard('replaced')).toEqual([]);
  });

  it('R12: of two nodes that bring their own to an empty cluster at once, the later keeps a backup', async () => {
    const lab = new Lab();
    const nodes = [
      lab.node({ meta: kind.make(await dataWith(1n, 'one')) }),
      lab.node({ meta: kind.make(await dataWith(2n, 'two')) }),
    ];
    await lab.run(Promise.all(nodes.map(({ client }) => client.open())));
    expect(lab.history).toHaveLength(1);
    const [winner] = databaseNames(lab.newest);
    const kept = nodes.flatMap(({ disk }) =>
      disk.backups.map((backup) => databaseNames(decodeMetadata(backup))),
    );
    expect([[winner], ...kept].sort()).toEqual([['one'], ['two']]);
    for (const { meta } of nodes) expect(await databasesOf(meta)).toEqual([winner]);
  });

  it('R12: if the backup cannot be written, the node does not join and nothing is displaced', async () => {
    const { lab } = await clusterWith('theirs');
    const disk = new MemoryStorage();
    disk.beforeWrite = (name) => {
      if (name.startsWith('backups/')) throw new Error('no space left on device');
    };
    const ours = lab.node({ meta: kind.make(await dataWith(5n, 'own')), disk });
    expect(await lab.run(reasonOf(ours.client.open()))).toMatchObject({ message: 'no space left on device' });
    expect(await databasesOf(ours.meta)).toEqual(['own']);
    expect(databaseNames(lab.newest)).toEqual(['theirs']);
    disk.beforeWrite = () => undefined;
    await lab.run(ours.client.open());
    expect(await databasesOf(ours.meta)).toEqual(['theirs']);
    expect(disk.backups).toHaveLength(1);
  });

  it('R12: what is changed while the node joins is not lost unseen either', async () => {
    const { lab } = await clusterWith('theirs');
    const disk = new MemoryStorage();
    const meta = kind.make(await dataWith(5n, 'own'));
    disk.beforeWrite = async (name) => {
      if (!name.startsWith('backups/')) return;
      disk.beforeWrite = () => undefined;
      await meta.createDatabase('late');
    };
    const ours = await lab.open({ meta, disk });
    expect(await databasesOf(ours.meta)).toEqual(['theirs']);
    expect(disk.backups.map((backup) => databaseNames(decodeMetadata(backup)))).toContainEqual([
      'own',
      'late',
    ]);
    expect([...ours.heard('replaced'), ...ours.heard('diverged')]).toHaveLength(2);
  });

  it('R12: a node that started offline keeps what it had, also what was changed since, when it joins', async () => {
    const { lab } = await clusterWith('theirs');
    const ours = lab.node({ meta: kind.make(await dataWith(5n, 'own')), startOffline: true });
    ours.network.partitioned = true;
    await lab.run(ours.client.open());
    expect(ours.client.status).toMatchObject({ state: 'offline', version: 0 });
    expect(await databasesOf(ours.meta)).toEqual(['own']);
    await ours.meta.createDatabase('since');
    ours.network.partitioned = false;
    await lab.clock.advance(60_000);
    expect(ours.client.status.state).toBe('online');
    expect(await databasesOf(ours.meta)).toEqual(['theirs']);
    expect(ours.disk.backups.map((backup) => databaseNames(decodeMetadata(backup)))).toEqual([
      ['own', 'since'],
    ]);
  });

  it('R12: the same holds with a legacy manager', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock);
    manager.store(encodeMetadata(await dataWith(1n, 'theirs')));
    const ours = await lab.open({ meta: kind.make(await dataWith(5n, 'own')), manager });
    expect(await databasesOf(ours.meta)).toEqual(['theirs']);
    expect(ours.heard('replaced')).toMatchObject([{ reason: 'joined' }]);
    expect(manager.pushes).toEqual([]);
  });

  it('R12: the first node of a legacy manager waits only briefly for the response that the cluster is empty', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock);
    const ours = await lab.open({ meta: kind.make(await dataWith(5n, 'own')), manager });
    expect(lab.clock.monotonic()).toBeLessThanOrEqual(3_000);
    expect(databaseNames(decodeMetadata(manager.latest?.snapshot ?? new Uint8Array()))).toEqual(['own']);
    expect(ours.heard('replaced')).toEqual([]);
  });
});

describe('R12', () => {
  it.each(['record', 'meta'] as const)(
    'R12: a crash after the backup and before the %s leaves what the node had, or its backup',
    async (file) => {
      const world = new World();
      onTestFinished(() => world.close());
      const other = world.addNode();
      await world.run(other.start().open());
      await world.run(other.client.createDatabase('theirs'));
      const ours = world.addNode();
      const store = new LocalMetaClient();
      await store.createDatabase('own');
      ours.metaFile = encodeMetadata(store.data());
      const first = ours.start();
      // The first record is of the node's id.
      await world.run(
        new Promise<void>((resolve) => {
          first.on('registered', () => {
            ours.onWrite(file, () => {
              ours.kill();
              resolve();
              throw new Error('died');
            });
          });
          void first.open().catch(() => undefined);
        }),
      );
      expect(databaseNames(decodeMetadata(ours.metaFile))).toEqual(['own']);
      const next = ours.start();
      await world.run(next.open());
      expect(databaseNames(next.meta.data())).toEqual(['theirs']);
      expect(ours.storage.backups.map((backup) => databaseNames(decodeMetadata(backup)))).toContainEqual([
        'own',
      ]);
    },
  );
});
