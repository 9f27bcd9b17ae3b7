import { type CfluxClient, CfluxError, decodeMetadata, encodeMetadata, type PushResult } from 'clusterflux';
import { MemoryStorage } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { followed, Lab, type LabNode, reasonOf } from './support/lab.js';
import { PlainManager } from './support/plain-manager.js';
import { noting, type WireNote } from './support/wire.js';
import {
  databaseNames,
  databasesOf,
  dataWith,
  forkingKind,
  type WrappedClient,
  wrappedKinds,
} from './support/wrapped-clients.js';

const clusterId = 7n;
const snapshotOf = async (...databases: string[]) => encodeMetadata(await dataWith(clusterId, ...databases));
const backupsOf = ({ disk }: LabNode) => disk.backups.map((backup) => databaseNames(decodeMetadata(backup)));

/** How a node learns of the manager's history, without looking for another. */
const ways: Record<string, (lab: Lab, node: LabNode) => Promise<unknown>> = {
  'a held poll': (lab) => lab.clock.advance(20_000),
  'a push': (lab, { client }) => lab.run(client.createDatabase('pushed').catch((error: unknown) => error)),
  'a change of nothing': (lab, { client }) =>
    lab.run(client.createDatabase('a').catch((error: unknown) => error)),
  refresh: (lab, { client }) => lab.run(client.refresh().catch((error: unknown) => error)),
};
const wayNames = Object.keys(ways);

/** A node at version 3 of a manager of few lines. */
async function atVersion3(options: { epoch?: string | undefined; kind?: typeof forkingKind } = {}) {
  const { kind = forkingKind } = options;
  const epoch = 'epoch' in options ? options.epoch : 'one';
  const lab = new Lab();
  const manager = new PlainManager(lab.clock, epoch);
  const ours = await lab.open({ meta: kind.make(await dataWith(clusterId, 'a')), manager });
  for (const name of ['b', 'c']) await lab.run(ours.client.createDatabase(name));
  expect(ours.client.status.version).toBe(3);
  return { lab, manager, ours };
}

describe.each(wrappedKinds)('R11: another history of the same cluster, around $name', (kind) => {
  it.each(wayNames)('R11: another epoch, met by %s, is adopted with a backup and an event', async (way) => {
    const { lab, manager, ours } = await atVersion3({ kind });
    manager.restore([{ version: 1, snapshot: await snapshotOf('a', 'x'), mutation: 'mx' }], 'two');
    await ways[way]?.(lab, ours);
    expect((await databasesOf(ours.meta)).slice(0, 2)).toEqual(['a', 'x']);
    expect(backupsOf(ours)).toEqual([['a', 'b', 'c']]);
    expect(ours.heard('epochChanged')).toMatchObject(
      [
        {
          previousEpoch: 'one',
          epoch: 'two',
          previousVersion: 3,
          version: 1,
          seeded: false,
          backup: /epoch-changed/,
        },
      ].map((event) => ({ ...event, backup: expect.stringMatching(event.backup) })),
    );
    expect(ours.client.status).toMatchObject({ epoch: 'two', state: 'online' });
  });

  it.each(wayNames)(
    'R11: another epoch in an answer with a higher version, met by %s, is not just something newer',
    async (way) => {
      const { lab, manager, ours } = await atVersion3({ kind });
      manager.ignoresEpochs = true;
      manager.restore([{ version: 9, snapshot: await snapshotOf('a', 'x'), mutation: 'mx' }], 'two');
      await ways[way]?.(lab, ours);
      expect((await databasesOf(ours.meta)).slice(0, 2)).toEqual(['a', 'x']);
      expect(backupsOf(ours)).toEqual([['a', 'b', 'c']]);
      expect(ours.heard('epochChanged')).toMatchObject([
        { previousEpoch: 'one', epoch: 'two', previousVersion: 3, version: 9, seeded: false },
      ]);
    },
  );

  it.each(wayNames)(
    'R11: a version that went back, met by %s, is adopted with a backup and an event',
    async (way) => {
      const { lab, manager, ours } = await atVersion3({ kind });
      manager.restore([
        { version: 2, snapshot: await snapshotOf('a', 'b'), mutation: manager.versions[1]?.mutation ?? '' },
      ]);
      await ways[way]?.(lab, ours);
      expect((await databasesOf(ours.meta)).slice(0, 2)).toEqual(['a', 'b']);
      expect(await databasesOf(ours.meta)).not.toContain('c');
      expect(backupsOf(ours)).toEqual([['a', 'b', 'c']]);
      expect(ours.heard('epochChanged')).toMatchObject([
        { previousEpoch: 'one', epoch: 'one', previousVersion: 3, version: 2, seeded: false },
      ]);
    },
  );

  it.each(wayNames.filter((way) => way !== 'a push'))(
    'R11: the same version made by another mutation, met by %s, is adopted with a backup and an event',
    async (way) => {
      const { lab, manager, ours } = await atVersion3({ kind });
      manager.restore([
        { version: 3, snapshot: await snapshotOf('a', 'b', 'other'), mutation: 'somebody else’s' },
      ]);
      await ways[way]?.(lab, ours);
      expect(await databasesOf(ours.meta)).toEqual(['a', 'b', 'other']);
      expect(backupsOf(ours)).toEqual([['a', 'b', 'c']]);
      expect(ours.heard('epochChanged')).toMatchObject([{ previousVersion: 3, version: 3, seeded: false }]);
    },
  );

  it.each(['another epoch', 'an older version'])(
    'R11: %s with just the metadata that the node has needs no backup, but an event',
    async (what) => {
      const { lab, manager, ours } = await atVersion3({ kind });
      const same = { version: 2, snapshot: encodeMetadata(await ours.meta.data()), mutation: 'mx' };
      manager.restore([same], what === 'another epoch' ? 'two' : 'one');
      await lab.clock.advance(20_000);
      expect(ours.client.status.version).toBe(2);
      expect(ours.heard('epochChanged')).toMatchObject([{ version: 2, seeded: false }]);
      expect(ours.disk.backups).toEqual([]);
    },
  );

  it('R11: if the backup cannot be written, nothing is adopted or displaced until it can', async () => {
    const { lab, manager, ours } = await atVersion3({ kind });
    ours.disk.beforeWrite = () => {
      throw new Error('no space left on device');
    };
    manager.restore([{ version: 1, snapshot: await snapshotOf('x'), mutation: 'mx' }], 'two');
    await lab.clock.advance(60_000);
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b', 'c']);
    expect(ours.heard('epochChanged')).toEqual([]);
    ours.disk.beforeWrite = () => undefined;
    await lab.clock.advance(60_000);
    expect(await databasesOf(ours.meta)).toEqual(['x']);
    expect(backupsOf(ours)).toEqual([['a', 'b', 'c']]);
  });

  it('R11: without a directory, the event itself contains the displaced metadata', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock, 'one');
    const ours = await lab.open({ meta: kind.make(await dataWith(clusterId, 'a')), manager, disk: null });
    manager.restore([{ version: 1, snapshot: await snapshotOf('x'), mutation: 'mx' }], 'two');
    await lab.clock.advance(20_000);
    const [event] = ours.heard('epochChanged');
    expect(event).not.toHaveProperty('backup');
    expect(databaseNames(decodeMetadata(event?.snapshot ?? new Uint8Array()))).toEqual(['a']);
  });
});

const foreign = async (...databases: string[]) => encodeMetadata(await dataWith(99n, ...databases));

async function metForeign(
  kind = forkingKind,
  way = 'a held poll',
  options: { epoch?: string | undefined } = {},
) {
  const { lab, manager, ours } = await atVersion3({ kind, ...options });
  const epoch = manager.epoch === undefined ? undefined : 'theirs';
  manager.restore(
    [{ version: 9, snapshot: await foreign('theirs'), ...(epoch ? { mutation: 'mf' } : {}) }],
    epoch,
  );
  const outcome = await ways[way]?.(lab, ours);
  return { lab, manager, ours, outcome };
}

describe.each(wrappedKinds)('R11: another cluster’s metadata, around $name', (kind) => {
  it.each(wayNames)(
    'R11: met by %s, is refused, and told once: nothing is adopted, and nothing pushed',
    async (way) => {
      const { lab, manager, ours, outcome } = await metForeign(kind, way);
      if (way !== 'a held poll')
        expect(outcome).toMatchObject({ code: 'FOREIGN_CLUSTER', outcome: 'notApplied' });
      await lab.clock.advance(60_000);
      expect(ours.client.status.state).toBe('foreignCluster');
      expect(await databasesOf(ours.meta)).toEqual(['a', 'b', 'c']);
      expect(manager.versions).toHaveLength(1);
      expect(ours.disk.backups).toEqual([]);
      expect(ours.heard('foreignCluster')).toEqual([
        { epoch: 'theirs', clusterId: 99n, ownClusterId: clusterId, version: 9 },
      ]);
      expect(ours.heard('syncFailed')).toEqual([]);
    },
  );

  it('R11: until the operator decides, changes are refused at once, reads continue, and the node stays a member', async () => {
    const { lab, manager, ours } = await metForeign(kind);
    const pushes = manager.pushes.length;
    const begun = lab.clock.monotonic();
    expect(await lab.run(reasonOf(ours.client.createDatabase('x')))).toMatchObject({
      code: 'FOREIGN_CLUSTER',
      outcome: 'notApplied',
    });
    expect(lab.clock.monotonic()).toBe(begun);
    expect(manager.pushes).toHaveLength(pushes);
    expect(databaseNames(await ours.client.data())).toEqual(['a', 'b', 'c']);
    const beats = ours.heard('heartbeat').length;
    await lab.clock.advance(20_000);
    expect(ours.heard('heartbeat').length).toBeGreaterThan(beats);
  });

  it('R11: adopt() takes the manager’s, with a backup and an event', async () => {
    const { lab, ours } = await metForeign(kind);
    await lab.run(ours.client.adopt());
    expect(await databasesOf(ours.meta)).toEqual(['theirs']);
    expect(ours.client.status).toMatchObject({ state: 'online', epoch: 'theirs', version: 9 });
    expect(ours.heard('replaced')).toMatchObject([{ reason: 'adopted', version: 9 }]);
    expect(backupsOf(ours)).toEqual([['a', 'b', 'c']]);
    await lab.run(ours.client.createDatabase('x'));
    expect(ours.client.status.version).toBe(10);
    // It is remembered: the next life of the node is one of that cluster.
    await lab.run(ours.client.close());
    const record = JSON.parse((await ours.disk.read('cflux.json')) ?? '');
    expect(record).toMatchObject({ epoch: 'theirs', version: 10, clusterId: '99' });
  });

  it('R11: reseed() makes the node’s own the cluster’s next version', async () => {
    const { lab, manager, ours } = await metForeign(kind);
    await lab.run(ours.client.reseed());
    expect(databaseNames(decodeMetadata(manager.latest?.snapshot ?? new Uint8Array()))).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b', 'c']);
    expect(ours.client.status).toMatchObject({ state: 'online', epoch: 'theirs', version: 10 });
    expect(ours.heard('epochChanged')).toMatchObject([
      { previousEpoch: 'one', epoch: 'theirs', previousVersion: 3, version: 10, seeded: true },
    ]);
    expect(manager.pushes.at(-1)).toMatchObject({ version: 9, epoch: 'theirs' });
    await lab.run(ours.client.createDatabase('x'));
    expect(manager.latest?.version).toBe(11);
  });

  it('R11: a node that starts and meets it rejects open(), and stays until the operator decides', async () => {
    const { lab, manager, ours } = await metForeign(kind);
    await lab.run(ours.client.close());
    const next = lab.node({ meta: ours.meta, disk: ours.disk, manager });
    expect(await lab.run(reasonOf(next.client.open()))).toMatchObject({ code: 'FOREIGN_CLUSTER' });
    expect(next.client.status.state).toBe('foreignCluster');
    expect(databaseNames(await next.client.data())).toEqual(['a', 'b', 'c']);
    expect(await lab.run(reasonOf(next.client.open()))).toMatchObject({ code: 'FOREIGN_CLUSTER' });
    await lab.run(next.client.adopt());
    await lab.run(next.client.open());
    await lab.run(next.client.createDatabase('x'));
    expect(await databasesOf(next.meta)).toEqual(['theirs', 'x']);
  });

  it('R11: with a legacy manager, another cluster is detected by its cluster id alone', async () => {
    const { lab, manager, ours } = await metForeign(kind, 'a held poll', { epoch: undefined });
    expect(ours.client.status.state).toBe('foreignCluster');
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b', 'c']);
    expect(ours.heard('foreignCluster')).toMatchObject([{ clusterId: 99n, ownClusterId: clusterId }]);
    await lab.run(ours.client.reseed());
    expect(databaseNames(decodeMetadata(manager.latest?.snapshot ?? new Uint8Array()))).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it.each([
    ['a later', 9],
    ['the same', 3],
    ['an earlier', 2],
  ])(
    'R11: also where the manager that has it, as %s version, is the first that speaks of epochs',
    async (_, version) => {
      const { lab, manager, ours } = await atVersion3({ kind, epoch: undefined });
      manager.restore([{ version, snapshot: await foreign('theirs'), mutation: 'mf' }], 'theirs');
      await lab.run(ours.client.refresh().catch(() => undefined));
      expect(ours.client.status.state).toBe('foreignCluster');
      expect(await databasesOf(ours.meta)).toEqual(['a', 'b', 'c']);
    },
  );
});

describe('R11', () => {
  it('R11: every poll and push carries the epoch that the node has', async () => {
    const lab = new Lab();
    const notes: WireNote[] = [];
    const ours = await lab.open({ manager: noting(lab.world.fake.transport, notes), pollWait: 2_000 });
    notes.length = 0;
    await lab.run(ours.client.createDatabase('a'));
    await lab.run(ours.client.createDatabase('a'));
    await lab.run(ours.client.refresh());
    await lab.clock.advance(10_000);
    const asked = notes.filter(({ call }) => call === 'poll' || call === 'push');
    expect(new Set(asked.map(({ call }) => call))).toEqual(new Set(['poll', 'push']));
    for (const { request } of asked) expect(request).toMatchObject({ epoch: ours.client.status.epoch });
  });

  it('R11: the manager’s own history coming back ends it without the operator', async () => {
    const { lab, manager, ours } = await atVersion3();
    const { versions } = manager;
    manager.restore([{ version: 9, snapshot: await foreign('theirs'), mutation: 'mf' }], 'theirs');
    await lab.clock.advance(20_000);
    expect(ours.client.status.state).toBe('foreignCluster');
    manager.restore(versions, 'one');
    await lab.clock.advance(20_000);
    expect(ours.client.status.state).toBe('online');
    await lab.run(ours.client.createDatabase('d'));
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b', 'c', 'd']);
    expect(ours.heard('epochChanged')).toEqual([]);
  });

  it('R11: changes that wait while it is met are refused', async () => {
    const { lab, manager, ours } = await atVersion3();
    ours.network.failNext('push', { requestDelay: 1_000 });
    const onTheWire = followed(ours.client.createDatabase('x'));
    await lab.clock.advance(10);
    const waiting = followed(ours.client.createDatabase('y'));
    manager.restore([{ version: 9, snapshot: await foreign('theirs'), mutation: 'mf' }], 'theirs');
    await lab.clock.advance(20_000);
    expect(onTheWire).toMatchObject({ error: { code: 'FOREIGN_CLUSTER', outcome: 'notApplied' } });
    expect(waiting).toMatchObject({ error: { code: 'FOREIGN_CLUSTER', outcome: 'notApplied' } });
    expect(manager.versions).toHaveLength(1);
  });

  const words: Record<string, (client: CfluxClient<WrappedClient>, options?: object) => Promise<void>> = {
    adopt: (client, options) => client.adopt(options),
    reseed: (client, options) => client.reseed(options),
  };
  it.each(Object.keys(words))(
    'R11: %s() that cannot reach the manager rejects, and may be called again',
    async (word) => {
      const { lab, ours } = await metForeign();
      ours.network.partitioned = true;
      expect(
        await lab.run(reasonOf(words[word]?.(ours.client, { timeout: 3_000 }) ?? Promise.resolve())),
      ).toMatchObject({
        code: 'TIMEOUT',
      });
      const reason = new Error('never mind');
      const controller = new AbortController();
      const given = reasonOf(words[word]?.(ours.client, { signal: controller.signal }) ?? Promise.resolve());
      controller.abort(reason);
      expect(await lab.run(given)).toBe(reason);
      expect(await databasesOf(ours.meta)).toEqual(['a', 'b', 'c']);
      ours.network.partitioned = false;
      await lab.run(words[word]?.(ours.client) ?? Promise.resolve());
      expect(ours.client.status.state).toBe('online');
    },
  );

  it('R11: adopt() of a manager that has nothing is an error, and nothing changes', async () => {
    const { lab, manager, ours } = await atVersion3();
    manager.restore([], 'two');
    expect(await lab.run(reasonOf(ours.client.adopt()))).toMatchObject({ code: 'CLUSTER_NOT_FOUND' });
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b', 'c']);
  });

  it('R11: reseed() retries with backoff after conflicts, and ends when it is aborted', async () => {
    const { lab, manager, ours } = await metForeign();
    const push = manager.push.bind(manager);
    let contested = true;
    manager.push = async (request) => {
      if (contested) manager.store(await foreign('theirs', 'newer'));
      return push(request);
    };
    const controller = new AbortController();
    const given = followed(ours.client.reseed({ signal: controller.signal }));
    const before = manager.pushes.length;
    await lab.clock.advance(10_000);
    expect(given.state).toBe('pending');
    expect(manager.pushes.length - before).toBeLessThan(200);
    controller.abort(new Error('never mind'));
    await lab.clock.settle();
    expect(given).toMatchObject({ state: 'rejected', error: { message: 'never mind' } });
    contested = false;
    await lab.run(ours.client.reseed());
    expect(ours.client.status.state).toBe('online');
  });

  it('R5: reseed() that is repeated after its response was lost recognizes its version, though a later one followed', async () => {
    const { lab, manager, ours } = await metForeign();
    const push = manager.push.bind(manager);
    const lost = new CfluxError('TIMEOUT', 'no response', { outcome: 'unknown' });
    let made: PushResult | undefined;
    manager.push = async (request) => {
      // This manager knows mutation ids.
      if (made !== undefined) return made;
      made = await push(request);
      manager.store(await foreign('theirs', 'newer'));
      throw lost;
    };
    expect(await lab.run(reasonOf(ours.client.reseed()))).toBe(lost);
    await lab.run(ours.client.reseed());
    expect(ours.heard('epochChanged')).toMatchObject([{ version: 10, seeded: true }]);
  });

  it('R11: with a legacy manager, a lower version is adopted with a backup and an event', async () => {
    const { lab, manager, ours } = await atVersion3({ epoch: undefined });
    manager.restore([{ version: 1, snapshot: await snapshotOf('x') }]);
    await lab.clock.advance(20_000);
    expect(await databasesOf(ours.meta)).toEqual(['x']);
    expect(backupsOf(ours)).toEqual([['a', 'b', 'c']]);
    expect(ours.heard('epochChanged')).toMatchObject([{ previousVersion: 3, version: 1, seeded: false }]);
  });

  it.each(['a change of nothing', 'refresh'])(
    'R11: with a legacy manager other metadata under the same version, met by %s, is adopted with a backup and an event',
    async (way) => {
      const { lab, manager, ours } = await atVersion3({ epoch: undefined });
      manager.restore([{ version: 3, snapshot: await snapshotOf('a', 'other') }]);
      await ways[way]?.(lab, ours);
      expect(await databasesOf(ours.meta)).toEqual(['a', 'other']);
      expect(backupsOf(ours)).toEqual([['a', 'b', 'c']]);
      expect(ours.heard('epochChanged')).toMatchObject([{ previousVersion: 3, version: 3, seeded: false }]);
    },
  );

  it('R11: after a legacy manager lost its data, the next push restores it and emits an event', async () => {
    const { lab, manager, ours } = await atVersion3({ epoch: undefined });
    manager.restore([]);
    await lab.run(ours.client.createDatabase('d'));
    expect(databaseNames(decodeMetadata(manager.latest?.snapshot ?? new Uint8Array()))).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
    expect(ours.client.status.version).toBe(1);
    expect(ours.heard('epochChanged')).toMatchObject([{ previousVersion: 3, version: 1, seeded: true }]);
  });

  it('R11: a manager that begins to send epochs with the same data has the same history', async () => {
    const { lab, manager, ours } = await atVersion3({ epoch: undefined });
    const [latest] = manager.versions.slice(-1);
    if (!latest) throw new Error('nothing stored');
    manager.restore([{ ...latest, mutation: 'm3' }], 'one');
    // The poll that is held knows of no change.
    await lab.run(ours.client.refresh());
    expect(ours.client.status).toMatchObject({ epoch: 'one', version: 3 });
    expect(ours.heard('epochChanged')).toEqual([]);
    await lab.run(ours.client.createDatabase('d'));
    expect(manager.pushes.at(-1)).toMatchObject({ epoch: 'one' });
    const record = JSON.parse((await ours.disk.read('cflux.json')) ?? '');
    expect(record).toMatchObject({ epoch: 'one' });
  });

  it('R11: the record of an earlier process sets the position from which a history is classified', async () => {
    const { lab, manager, ours } = await atVersion3();
    await lab.run(ours.client.close());
    manager.restore([{ version: 2, snapshot: await snapshotOf('a', 'b'), mutation: 'm2' }]);
    const next = await lab.open({ meta: ours.meta, disk: ours.disk, manager });
    expect(await databasesOf(next.meta)).toEqual(['a', 'b']);
    expect(next.heard('epochChanged')).toMatchObject([{ previousVersion: 3, version: 2 }]);
    expect(backupsOf(next)).toEqual([['a', 'b', 'c']]);
    expect(next.disk).toBeInstanceOf(MemoryStorage);
  });
});
