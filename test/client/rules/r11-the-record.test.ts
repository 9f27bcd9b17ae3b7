import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, decodeMetadata, digestMetadata, LocalMetaClient } from 'clusterflux';
import { FakeManager, MemoryStorage } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SimulatedNode } from '../world/simulated-node.js';
import { World } from '../world/world.js';
import { Lab, reasonOf } from './support/lab.js';
import { noting, type WireNote } from './support/wire.js';
import {
  databaseNames,
  databasesOf,
  dataWith,
  forkingKind,
  wrappedKinds,
} from './support/wrapped-clients.js';

async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-record-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const recordOf = (disk: MemoryStorage) =>
  JSON.parse(Buffer.from(disk.files.get('cflux.json') ?? []).toString());

describe('R11: the record', () => {
  it('R11: a node that has joined remembers cluster, cluster id, node id, epoch, version and digest in dir', async () => {
    const dir = await temporaryDirectory();
    const fake = new FakeManager();
    const live = async () => {
      const meta = new LocalMetaClient({ dir, bcryptCost: 4 });
      const client = new CfluxClient(meta, { cluster: 'prod', dir, transport: fake.transport });
      await client.open();
      return { client, meta };
    };
    const first = await live();
    await first.client.createDatabase('telegraf');
    const { nodeId, epoch, version } = first.client.status;
    const expected = {
      cluster: 'prod',
      clusterId: String(first.meta.clusterId()),
      nodeId,
      epoch,
      version,
      digest: digestMetadata(first.meta.data()),
    };
    await first.client.close();
    expect(JSON.parse(await readFile(join(dir, 'cflux.json'), 'utf8'))).toMatchObject(expected);
    const second = await live();
    expect(second.client.status).toMatchObject({ nodeId, epoch, version });
    await second.client.close();
    expect(await readdir(dir)).not.toContain('backups');
    await fake.close();
  });

  it('R11: after a restart the node polls from its recorded version, and is not sent data that it has', async () => {
    const lab = new Lab();
    const disk = new MemoryStorage();
    const meta = forkingKind.make();
    const first = await lab.open({ meta, disk });
    await lab.run(first.client.createDatabase('a'));
    const { nodeId, version, epoch } = first.client.status;
    const { mutation } = recordOf(disk);
    await lab.run(first.client.close());
    const notes: WireNote[] = [];
    const second = await lab.open({ meta, disk, manager: noting(lab.world.fake.transport, notes) });
    expect(notes[0]).toMatchObject({ call: 'heartbeat', request: { nodeId } });
    expect(notes[1]).toMatchObject({
      call: 'poll',
      request: { version, epoch, mutation, nodeId },
      answer: { kind: 'unchanged' },
    });
    expect(second.heard('replaced')).toEqual([]);
    expect(second.heard('registered')).toMatchObject([{ nodeId }]);
  });

  it('R11: the record of another cluster is not used: neither the id, nor the version', async () => {
    const lab = new Lab();
    const disk = new MemoryStorage();
    const first = await lab.open({ disk, cluster: 'one' });
    await lab.run(first.client.close());
    const notes: WireNote[] = [];
    await lab.open({ disk, cluster: 'two', manager: noting(lab.world.fake.transport, notes) });
    expect(notes.map(({ call }) => call).slice(0, 2)).toEqual(['register', 'poll']);
    expect(notes[1]?.request).toMatchObject({ cluster: 'two', version: 0 });
    expect(recordOf(disk)).toMatchObject({ cluster: 'two' });
  });

  it('R11: the id in an old node_id.json is taken over if there is no record', async () => {
    const lab = new Lab();
    const { id } = await lab.world.fake.transport.register({
      cluster: 'lab',
      node: { ip: '', hostname: 'h' },
    });
    const disk = new MemoryStorage();
    await disk.write('node_id.json', `{"id":${id}}`);
    const ours = await lab.open({ disk });
    expect(ours.client.status.nodeId).toBe(id);
    expect(ours.network.calls.register).toBe(0);
    expect(recordOf(disk)).toMatchObject({ nodeId: id });
  });

  it.each([
    '',
    'null',
    '{"format":1}',
    '{"format":2,"cluster":"lab"}',
    '{"format":1,"cluster":"lab","clusterId":7}',
    '{"format":1,"cluster":"lab","version":"7","digest":"d"}',
    '{"format":1,"cluster":"lab","version":7}',
    '{"format":1,"cluster":"lab","version":7,"digest":"d","previous":{"version":1.5,"digest":"d"}}',
  ])(
    'R11: a record that cannot be read (%j) is an error that names it; nothing is joined or overwritten',
    async (text) => {
      const lab = new Lab();
      const disk = new MemoryStorage();
      await disk.write('cflux.json', text);
      const ours = lab.node({ disk });
      expect(await lab.run(reasonOf(ours.client.open()))).toMatchObject({
        code: 'STORAGE_FAILED',
        message: expect.stringContaining('memory:cflux.json'),
      });
      expect(await disk.read('cflux.json')).toBe(text);
      expect(lab.history).toEqual([]);
    },
  );

  it('R11: a node with a record that starts offline reports that until a manager responds; then it is online', async () => {
    const lab = new Lab();
    const disk = new MemoryStorage();
    const meta = forkingKind.make();
    const first = await lab.open({ meta, disk });
    await lab.run(first.client.createDatabase('a'));
    await lab.run(first.client.close());
    const second = lab.node({ meta, disk, startOffline: true });
    second.network.partitioned = true;
    await lab.run(second.client.open());
    expect(second.client.status).toMatchObject({ state: 'offline', version: first.client.status.version });
    expect(databaseNames(await second.client.data())).toEqual(['a']);
    await lab.clock.advance(30_000);
    expect(second.client.status.state).toBe('offline');
    second.network.partitioned = false;
    await lab.clock.advance(30_000);
    expect(second.client.status.state).toBe('online');
  });
});

describe.each(wrappedKinds)('R11: unconfirmed metadata around $name', (kind) => {
  it('R11: local metadata that differs from the record is backed up and reported, and the cluster’s is adopted', async () => {
    const disk = new MemoryStorage();
    const lab = new Lab();
    const first = await lab.open({ meta: kind.make(), disk });
    await lab.run(first.client.createDatabase('a'));
    await lab.run(first.client.close());
    const clusterId = (await first.meta.data()).clusterId;
    const second = await lab.open({ meta: kind.make(await dataWith(clusterId, 'torn')), disk });
    expect(await databasesOf(second.meta)).toEqual(['a']);
    const notified = second.heard('replaced');
    expect(notified).toMatchObject([{ reason: 'unconfirmed', version: first.client.status.version }]);
    expect(notified.map(({ snapshot }) => databaseNames(decodeMetadata(snapshot)))).toEqual([['torn']]);
    expect(disk.backups.map((backup) => databaseNames(decodeMetadata(backup)))).toEqual([['torn']]);
    expect(notified[0]?.backup).toMatch(/^memory:backups\/.*unconfirmed/);
    expect(databaseNames(lab.newest)).toEqual(['a']);
  });

  it('R11: local metadata that was lost causes neither a backup nor a new node id', async () => {
    const lab = new Lab();
    const disk = new MemoryStorage();
    const first = await lab.open({ meta: kind.make(), disk });
    await lab.run(first.client.createDatabase('a'));
    await lab.run(first.client.close());
    const second = await lab.open({ meta: kind.make(), disk });
    expect(await databasesOf(second.meta)).toEqual(['a']);
    expect(second.heard('replaced')).toEqual([]);
    expect(disk.backups).toEqual([]);
    expect(second.client.status.nodeId).toBe(recordOf(disk).nodeId);
  });

  it('R11: if the backup cannot be written, nothing is adopted or displaced', async () => {
    const lab = new Lab();
    const disk = new MemoryStorage();
    const first = await lab.open({ meta: kind.make(), disk });
    await lab.run(first.client.createDatabase('a'));
    await lab.run(first.client.close());
    const clusterId = (await first.meta.data()).clusterId;
    disk.beforeWrite = (name) => {
      if (name.startsWith('backups/')) throw new Error('no space left on device');
    };
    const second = lab.node({ meta: kind.make(await dataWith(clusterId, 'torn')), disk });
    expect(await lab.run(reasonOf(second.client.open()))).toMatchObject({
      message: 'no space left on device',
    });
    expect(await databasesOf(second.meta)).toEqual(['torn']);
    disk.beforeWrite = () => undefined;
    await lab.run(second.client.open());
    expect(await databasesOf(second.meta)).toEqual(['a']);
    expect(disk.backups).toHaveLength(1);
  });
});

const steps = ['record', 'meta', 'after'] as const;
const writers = ['its own change', 'a sync'] as const;
const crashes = writers.flatMap((writer) =>
  steps.flatMap((step) => [false, true].map((inPlace) => ({ writer, step, inPlace }))),
);

describe.each(wrappedKinds)('R11: a wrapped client that cannot store, around $name', (kind) => {
  it('R11: leaves the node at the version that it holds, from which it continues', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const other = await lab.open();
    const { version } = ours.client.status;
    const { meta } = ours;
    const setData = meta.setData.bind(meta);
    let refused = 0;
    meta.setData = (data) => {
      if (++refused > 1) return setData(data);
      throw new Error('no space left on device');
    };
    await lab.run(other.client.createDatabase('theirs'));
    await lab.clock.advance(10);
    expect(refused).toBe(1);
    expect(ours.client.status.version).toBe(version);
    expect(await databasesOf(meta)).toEqual([]);
    await lab.settle([ours, other]);
    expect(await databasesOf(meta)).toEqual(['theirs']);
    expect(ours.heard('diverged')).toEqual([]);
    expect(recordOf(ours.disk)).toMatchObject({ version: ours.client.status.version });
  });
});

describe('R11: a crash', () => {
  async function worldOfTwo(inPlace: boolean) {
    const world = new World();
    const nodes: SimulatedNode[] = [];
    for (let i = 0; i < 2; i++) {
      const node = world.addNode();
      nodes.push(node);
      await world.run(node.start({ inPlace: i === 0 && inPlace }).open());
    }
    const [ours, other] = nodes;
    if (!ours || !other) throw new Error('no nodes');
    onTestFinished(() => world.close());
    return { world, ours, other };
  }

  it.each(crashes)(
    'R11: between any two steps of storing $writer (before $step, in place: $inPlace) loses nothing',
    async (crash) => {
      const { world, ours, other } = await worldOfTwo(crash.inPlace);
      await world.run(other.client.createDatabase('before'));
      await world.run(ours.client.waitForVersion(other.client.status.version));
      const kill = () => {
        ours.kill();
        throw new Error('died');
      };
      if (crash.step !== 'after') ours.onWrite(crash.step, kill);
      const { client } = crash.writer === 'a sync' ? other : ours;
      void client.createDatabase('a').catch(() => undefined);
      await world.clock.advance(1_000);
      // In place nothing is left to be written of an own change: the metadata is there already.
      if (ours.alive) ours.kill();
      ours.onWrite('record', undefined);
      ours.onWrite('meta', undefined);
      const restarted = ours.start({ inPlace: crash.inPlace });
      await world.run(restarted.open());
      expect(databaseNames(restarted.meta.data())).toEqual(['before', 'a']);
      expect(restarted.status).toMatchObject({ state: 'online', version: world.history.at(-1)?.version });
      expect(ours.heard('epochChanged')).toEqual([]);
      expect(ours.heard('replaced')).toEqual([]);
      expect(ours.storage.backups).toEqual([]);
      expect(recordOf(ours.storage)).toMatchObject({ digest: digestMetadata(restarted.meta.data()) });
      expect(ours.heard('diverged')).toEqual([]);
    },
  );

  it('R11: a crash during an undecided change in place leaves unaccepted metadata, which is backed up, reported and replaced', async () => {
    const { world, ours, other } = await worldOfTwo(true);
    ours.network.failNext('push', { lose: 'request' });
    void ours.client.createDatabase('undecided').catch(() => undefined);
    await world.clock.advance(500);
    ours.kill();
    await world.run(other.client.createDatabase('a'));
    const restarted = ours.start({ inPlace: true });
    await world.run(restarted.open());
    expect(databaseNames(restarted.meta.data())).toEqual(['a']);
    expect(ours.heard('replaced')).toMatchObject([{ reason: 'unconfirmed' }]);
    expect(ours.storage.backups.map((backup) => databaseNames(decodeMetadata(backup)))).toEqual([
      ['undecided'],
    ]);
  });

  it('R11: of a node that has a real directory loses nothing, whichever of its two files is the older', async () => {
    const dir = await temporaryDirectory();
    const fake = new FakeManager();
    const start = async () => {
      const meta = new LocalMetaClient({ dir, bcryptCost: 4 });
      const client = new CfluxClient(meta, { cluster: 'prod', dir, transport: fake.transport });
      const notified: string[] = [];
      client.on('replaced', ({ reason }) => notified.push(reason));
      await client.open();
      return { client, meta, notified };
    };
    const files = async () => ({
      'cflux.json': await readFile(join(dir, 'cflux.json')),
      'meta.db': await readFile(join(dir, 'meta.db')),
    });
    const first = await start();
    await first.client.createDatabase('a');
    const older = await files();
    await first.client.createDatabase('b');
    await first.client.close();
    const newer = await files();
    // Died after the record and before the metadata: the record also has the previous state.
    await writeFile(join(dir, 'meta.db'), older['meta.db']);
    const second = await start();
    expect(databaseNames(second.meta.data())).toEqual(['a', 'b']);
    expect(second.notified).toEqual([]);
    await second.client.close();
    // Somebody put an older record back: the metadata is none that it knows.
    await writeFile(join(dir, 'meta.db'), newer['meta.db']);
    await writeFile(join(dir, 'cflux.json'), older['cflux.json']);
    const third = await start();
    expect(databaseNames(third.meta.data())).toEqual(['a', 'b']);
    await third.client.close();
    await fake.close();
  });
});
