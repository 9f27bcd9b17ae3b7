import { Manager, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { JsonObject } from '../../src/json-object.js';
import { Instances } from '../../src/manager/nodes/instances.js';
import { nodeInfoOf } from '../../src/manager/nodes/node-info.js';
import { decodeUpdates, encodeUpdates } from '../../src/manager/stores/etcd/nodes/progress-updates.js';
import { parseReport, writeReport } from '../../src/protocol/node-report.js';

const details = { ip: '10.0.0.1,', hostname: 'h' };
const report = {
  version: 1,
  at: 2,
  influxdb: { reachable: true, version: '1.6.7' },
  drops: false,
  inSync: 3,
  pending: 1,
  refused: 0,
  unmanaged: 0,
  unverified: 0,
  findings: [{ kind: 'pending' as const, text: 'password of "ana"' }],
};

async function setUp() {
  const clock = new ManualClock();
  const manager = new Manager({ store: new MemoryStore(), clock });
  const { id } = await manager.register('a', details, {}, { instance: 'i' });
  const versions: number[] = [];
  const commit = async () => {
    const snapshot = Buffer.from(`snapshot ${versions.length}`);
    const mutation = `m${versions.length}`;
    const result = await manager.push({ cluster: 'a', version: versions.at(-1) ?? 0, snapshot, mutation });
    if (result.kind !== 'committed') throw new Error(result.kind);
    versions.push(result.version);
    return result.version;
  };
  const shown = async () => (await manager.nodes('a'))[0];
  const epoch = await manager.epoch('a');
  const poll = (version: number, more: object = {}) =>
    manager.poll({ cluster: 'a', version, nodeId: id, instance: 'i', epoch, wait: 0, ...more });
  return { clock, manager, id, versions, commit, shown, epoch, poll };
}

describe('what a manager shows of a node', () => {
  it('R28: a version counts if a heartbeat or a poll reported it; a poll at version 0 and a push never count', async () => {
    const { manager, id, commit, shown, epoch, poll } = await setUp();
    const first = await commit();
    await poll(0);
    expect(await shown()).not.toHaveProperty('heldVersion');
    const push = { cluster: 'a', version: first, snapshot: Buffer.from('x'), mutation: 'mine', nodeId: id };
    await manager.push({ ...push, instance: 'i', epoch });
    expect(await shown()).not.toHaveProperty('heldVersion');
    await poll(first);
    expect(await shown()).toMatchObject({ heldVersion: first, kind: 'library', instance: 'i' });
    await manager.heartbeat('a', id, { progress: { instance: 'i', epoch, version: first, applied: 0 } });
    expect(await shown()).toMatchObject({
      heldVersion: first,
      appliedVersion: 0,
      kind: 'agent',
      lastSeen: 0,
    });
  });

  it('R28: a version counts if it is kept or older than that; one of another history is unknown', async () => {
    const { manager, id, versions, commit, shown, epoch } = await setUp();
    for (let i = 0; i < 12; i++) await commit();
    const [oldest = 0, , kept = 0] = versions;
    const held = async (version: number, of = epoch) => {
      const instance = `${version} ${of}`.replace(' ', '-');
      await manager.heartbeat('a', id, { progress: { instance, epoch: of, version } });
      return (await shown())?.heldVersion;
    };
    expect(await held(kept)).toBe(kept);
    expect(await held(oldest)).toBe(oldest);
    expect(await held((versions.at(-1) ?? 0) + 5)).toBeUndefined();
    expect(await held(kept, 'another')).toBeUndefined();
  });

  it('R28: if a restored store lost the highest version, the one that the node now reports counts', () => {
    const record = (version: number) => ({ version, mutation: 'm', at: 0, size: 1 });
    const head = { epoch: 'e', latest: record(8), retained: [record(8), record(7)] };
    const node = { id: 1, ip: '', hostname: '', bindAddress: '', alive: true };
    const heldOf = (highest: number, last: number) =>
      nodeInfoOf({ ...node, progress: { kind: 'library', epoch: 'e', held: { highest, last } } }, head)
        .heldVersion;
    expect(heldOf(10, 8)).toBe(8);
    expect(heldOf(10, 10)).toBeUndefined();
    expect(heldOf(8, 7)).toBe(8);
  });

  it('R28: an instance that was replaced comes back when the other has been silent for a time to live', () => {
    const ttl = 15_000;
    const instances = new Instances('a');
    instances.heartbeat('b', 1_000, ttl);
    for (let now = 5_000; now < 20_000; now += 5_000)
      expect(instances.heartbeat('a', now, ttl)).toBe('replaced');
    expect(instances.heartbeat('a', 20_000, ttl)).toBe('current');
  });

  it('R28: a restart is never taken for a clone, however late the requests of the processes before arrive', () => {
    const ttl = 15_000;
    const instances = new Instances('0');
    for (let i = 1; i < 50; i++) {
      expect(instances.heartbeat(`${i}`, i * 5_000, ttl)).toBe('current');
      expect(instances.heartbeat(`${i - 1}`, i * 5_000 + 2_500, ttl)).toBe('replaced');
      expect(instances.heartbeat(`${i}`, i * 5_000 + 3_000, ttl)).toBe('current');
    }
  });

  it('keeps a report as it is written, without what is not part of it, and bounded', async () => {
    const { manager, id, shown } = await setUp();
    await manager.report('a', id, report);
    expect((await shown())?.report).toEqual(report);
    await expect(manager.report('a', id + 1, report)).rejects.toMatchObject({ code: 'NODE_NOT_FOUND' });
    const long = Array.from({ length: 100 }, () => ({
      kind: 'refused' as const,
      text: '\u202e'.repeat(10_000),
    }));
    const written = writeReport({ ...report, findings: long });
    expect(Buffer.byteLength(written)).toBeLessThanOrEqual(16 * 1024);
    const read = parseReport(JSON.stringify({ ...report, findings: long, more: 1 }));
    expect(read.findings).toHaveLength(20);
    expect(read.findings[0]?.text).toHaveLength(500);
    expect(read).not.toHaveProperty('more');
    for (const wrong of ['', '[]', '{}', JSON.stringify({ ...report, at: 'x' })]) {
      expect(() => parseReport(wrong)).toThrow(/report/);
    }
  });

  it('encodes the progress of nodes in a record of etcd, and decodes it unchanged', () => {
    const updates = [
      { nodeId: 7, isPoll: false, progress: { instance: 'a', epoch: 'e', version: 5, applied: 0 } },
      { nodeId: 3, isPoll: true, progress: { instance: 'b', epoch: 'e', version: 4 } },
      { nodeId: 9, isPoll: false, progress: {} },
      { nodeId: 7, isPoll: false, progress: { instance: 'c', epoch: 'f', version: 6, applied: 6 } },
      { nodeId: 7, isPoll: false, progress: { instance: 'c' } },
    ];
    expect(decodeUpdates(JsonObject.parse(JSON.stringify(encodeUpdates(updates))))).toEqual(updates);
    expect(decodeUpdates(JsonObject.parse('{}'))).toEqual([]);
    expect(() => decodeUpdates(JsonObject.parse('{"words":[[1,2]]}'))).toThrow(/words/);
  });
});
