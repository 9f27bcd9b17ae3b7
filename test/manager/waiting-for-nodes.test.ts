import { Manager, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import type { ManagerOptions } from '../../src/manager/manager-options.js';
import type { NodeProgress } from '../../src/protocol/node-progress.js';
import { followed } from '../client/rules/support/lab.js';

const ttl = 15_000;
const details = { ip: '10.0.0.1,', hostname: 'h', bindAddress: 'h:8086' };
const report = {
  version: 1,
  at: 2,
  influxdb: { reachable: true },
  drops: false,
  inSync: 0,
  pending: 0,
  refused: 1,
  unmanaged: 0,
  unverified: 0,
  findings: [{ kind: 'refused' as const, text: 'policy "a"' }],
};

async function setUp(options: Partial<ManagerOptions> = {}) {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const manager = new Manager({ store, clock, nodeTtl: ttl, ...options });
  let latest = 0;
  const commit = async () => {
    const snapshot = Buffer.from(`after ${latest}`);
    const result = await manager.push({ cluster: 'a', version: latest, snapshot, mutation: `m${latest}` });
    if (result.kind !== 'committed') throw new Error(result.kind);
    latest = result.version;
    return latest;
  };
  const epoch = await manager.epoch('a');
  const join = async (instance?: string) => (await manager.register('a', details, {}, { instance })).id;
  const beat = (id: number, progress: NodeProgress = {}): void => {
    const word = progress.instance === undefined ? {} : { epoch, ...progress };
    void manager.heartbeat('a', id, { progress: word });
  };
  const wait = (version: number, more: object = {}) =>
    manager.waitForNodes({ cluster: 'a', version, wait: 0, ...more });
  const held = (version: number, more: object = {}) =>
    followed(manager.waitForNodes({ cluster: 'a', version, wait: 60_000, ...more }));
  /** Lets one time to live pass, in which the nodes stay alive: then the manager knows all nodes. */
  const mature = async (beats: () => unknown = () => undefined) => {
    for (let i = 0; i < 4; i++) {
      beats();
      await clock.advance(ttl / 4);
    }
    beats();
  };
  /** On a busy machine a listing takes several turns of the event loop; what follows it may take a moment of the clock. */
  const decided = (waiting: { readonly state: string } | undefined) =>
    expect
      .poll(async () => {
        await clock.advance(1);
        return waiting?.state;
      })
      .not.toBe('pending');
  return { clock, store, manager, commit, join, beat, wait, held, mature, decided, epoch };
}

const idsOf = (nodes: readonly { readonly id: number }[]) => nodes.map(({ id }) => id);

describe('waiting for the nodes', () => {
  it('R28: counts agents by what they applied, libraries by what they hold, and no legacy node', async () => {
    const { commit, join, beat, wait, mature, manager } = await setUp();
    const old = await commit();
    const [library, agent, legacy] = [await join('l'), await join('a'), await join()];
    await mature(() => {
      beat(library, { instance: 'l', version: old });
      beat(agent, { instance: 'a', version: old, applied: 0 });
      beat(legacy);
    });
    const version = await commit();
    beat(agent, { instance: 'a', version, applied: old });
    const before = await wait(version);
    expect(before).toMatchObject({ version, complete: false, counted: 2, withFindings: [] });
    expect([idsOf(before.behind), idsOf(before.unknown)]).toEqual([[library, agent], [legacy]]);
    await manager.report('a', agent, report);
    beat(library, { instance: 'l', version });
    expect(idsOf((await wait(version)).behind)).toEqual([agent]);
    beat(agent, { instance: 'a', version, applied: version });
    const after = await wait(version);
    expect(after).toMatchObject({ complete: true, counted: 2, behind: [] });
    expect([idsOf(after.withFindings), idsOf(after.unknown)]).toEqual([[agent], [legacy]]);
    expect(await wait(old)).toMatchObject({ complete: true });
  });

  it('R28: a held wait ends with the last report, by a heartbeat or a poll, without another look before', async () => {
    const { clock, manager, commit, join, beat, held, mature, epoch, decided } = await setUp();
    const old = await commit();
    const ids = [await join('0'), await join('1'), await join('2')];
    await mature(() => {
      for (const [at, id] of ids.entries()) beat(id, { instance: `${at}`, version: old });
    });
    const version = await commit();
    const waiting = held(version);
    await clock.advance(5);
    const poll = { cluster: 'a', version, epoch, nodeId: ids[0], instance: '0', wait: 0 };
    await manager.poll(poll);
    beat(ids[1] ?? 0, { instance: '1', version });
    await clock.advance(5);
    expect(waiting.state).toBe('pending');
    beat(ids[2] ?? 0, { instance: '2', version });
    await clock.advance(1);
    await decided(waiting);
    expect(waiting).toMatchObject({ state: 'resolved', value: { complete: true, counted: 3 } });
  });

  it('R28: a poll of an agent does not count, nor does a replaced process', async () => {
    const { clock, manager, commit, join, beat, held, mature, epoch, decided } = await setUp();
    const old = await commit();
    const id = await join('a');
    await mature(() => beat(id, { instance: 'a', version: old, applied: old }));
    const version = await commit();
    const waiting = held(version);
    await clock.advance(1);
    await manager.poll({ cluster: 'a', version, epoch, nodeId: id, instance: 'a', wait: 0 });
    await clock.advance(1_000);
    expect(waiting.state).toBe('pending');
    beat(id, { instance: 'b', version: old, applied: old });
    beat(id, { instance: 'a', version, applied: version });
    await clock.advance(1_000);
    expect(waiting.state).toBe('pending');
    beat(id, { instance: 'b', version, applied: version });
    await clock.advance(1);
    await decided(waiting);
    expect(waiting).toMatchObject({ state: 'resolved', value: { complete: true } });
  });

  it('R28: a node counts from its registration, a killed one until its time to live is over, one that left no longer', async () => {
    const { clock, manager, commit, join, beat, held, mature, decided } = await setUp();
    const version = await commit();
    const [first, second, third] = [await join('1'), await join('2'), await join('3')];
    const firstBeats = () => beat(first, { instance: '1', version });
    await mature(() => {
      firstBeats();
      beat(second, { instance: '2' });
      beat(third, { instance: '3' });
    });
    const newcomer = await join('4');
    const waiting = held(version);
    await clock.advance(1_000);
    void manager.heartbeat('a', third, { leaving: true, progress: { instance: '3' } });
    beat(newcomer, { instance: '4', version });
    for (let passed = 1_000; passed < ttl; passed += 1_000) {
      expect(waiting.state, `after ${passed} ms`).toBe('pending');
      firstBeats();
      beat(newcomer, { instance: '4', version });
      await clock.advance(1_000);
    }
    await clock.advance(ttl / 5);
    await decided(waiting);
    expect(waiting).toMatchObject({ state: 'resolved', value: { complete: true, counted: 2 } });
  });

  it('R28: a manager that has just started does not report for one time to live that all have it', async () => {
    const { clock, manager, store, commit, join, beat, wait, held, mature, decided } = await setUp();
    const version = await commit();
    const id = await join('1');
    await mature(() => beat(id, { instance: '1', version }));
    expect(await wait(version)).toMatchObject({ complete: true });
    const other = new Manager({ store: store.share(), clock, nodeTtl: ttl });
    expect(await other.waitForNodes({ cluster: 'a', version, wait: 0 })).toMatchObject({
      complete: false,
      counted: 1,
      behind: [],
      uncertainFor: ttl,
    });
    const waiting = followed(other.waitForNodes({ cluster: 'a', version, wait: 60_000 }));
    for (let passed = 0; passed < ttl; passed += ttl / 15) {
      expect(waiting.state, `after ${passed} ms`).toBe('pending');
      beat(id, { instance: '1', version });
      await clock.advance(ttl / 15);
    }
    await clock.advance(ttl / 30);
    await decided(waiting);
    expect(waiting).toMatchObject({ state: 'resolved', value: { complete: true } });
    expect(held(version).state).toBe('pending');
    await manager.close();
    await other.close();
  });

  it('R28: with seen, a node that has been silent for longer does not count', async () => {
    const { clock, commit, join, beat, wait, held, mature, decided } = await setUp();
    const version = await commit();
    const [first, silent] = [await join('1'), await join('2')];
    await mature(() => {
      beat(first, { instance: '1', version });
      beat(silent, { instance: '2' });
    });
    const waiting = held(version, { seen: 6_000 });
    await clock.advance(5_000);
    beat(first, { instance: '1', version });
    expect(waiting.state).toBe('pending');
    expect(idsOf((await wait(version, { seen: 6_000 })).behind)).toEqual([silent]);
    await clock.advance(2_000);
    await decided(waiting);
    expect(waiting).toMatchObject({ state: 'resolved', value: { complete: true, counted: 1 } });
    expect(await wait(version)).toMatchObject({ complete: false, counted: 2 });
  });

  it('R28: a wait ends with an error when the history of its version ends, or never had it', async () => {
    const { clock, manager, commit, join, beat, held, mature, epoch, decided } = await setUp();
    const version = await commit();
    await clock.advance(10);
    const later = await commit();
    const id = await join('1');
    await mature(() => beat(id, { instance: '1', version }));
    const code = 'EPOCH_MISMATCH';
    for (const wrong of [
      { version: later, epoch: 'another' },
      { version: later + 1, epoch: 'another' },
    ]) {
      const waiting = manager.waitForNodes({ cluster: 'a', wait: 1_000, ...wrong });
      await expect(waiting).rejects.toMatchObject({ code });
    }
    // The number was skipped: a store that was restored lost the version.
    const lost = manager.waitForNodes({ cluster: 'a', version: version + 1, wait: 1_000 });
    await expect(lost).rejects.toMatchObject({ code });
    const [waiting, future] = [held(later, { epoch }), held(later + 1_000)];
    await clock.advance(10);
    await manager.deleteCluster('a');
    await clock.advance(10);
    await decided(waiting);
    expect(waiting).toMatchObject({ state: 'rejected', error: { code } });
    await decided(future);
    expect(future).toMatchObject({ state: 'rejected', error: { code } });
  });

  it('R24: held waits take the slots of held polls, and end with their manager', async () => {
    const { clock, manager, commit, join, wait, held, decided } = await setUp({ limits: { heldPolls: 2 } });
    const version = await commit();
    await join('1');
    const waiting = [held(version), held(version), held(version)];
    await expect.poll(() => waiting[2]?.state).toBe('rejected');
    expect(manager.heldPolls).toBe(2);
    expect(waiting[2]).toMatchObject({ state: 'rejected', error: { code: 'TOO_MANY_REQUESTS' } });
    expect(await wait(version)).toMatchObject({ complete: false });
    const controller = new AbortController();
    const aborted = followed(
      manager.waitForNodes({ cluster: 'a', version, wait: 0 }, { signal: controller.signal }),
    );
    controller.abort('gone');
    await clock.advance(1);
    await decided(aborted);
    expect(aborted).toMatchObject({ state: 'rejected', error: 'gone' });
    await manager.close();
    await clock.settle();
    await decided(waiting[0]);
    expect(waiting[0]).toMatchObject({ state: 'rejected', error: { code: 'UNAVAILABLE' } });
    expect(clock.timers).toBe(0);
    for (const wrong of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
      const refused = new Manager({ store: new MemoryStore() });
      await expect(refused.waitForNodes({ cluster: 'a', version: wrong, wait: 0 })).rejects.toMatchObject({
        code: 'BAD_REQUEST',
      });
      await refused.close();
    }
  });

  it('looks at the nodes twice for a change of a thousand, however many wait', async () => {
    const { clock, store, manager, commit, join, beat, mature } = await setUp();
    const old = await commit();
    const ids: number[] = [];
    for (let i = 0; i < 1_000; i++) ids.push(await join(`${i}`));
    await mature(() => {
      for (const [at, id] of ids.entries()) beat(id, { instance: `${at}`, version: old });
    });
    const version = await commit();
    let looks = 0;
    const nodes = store.nodes.bind(store);
    store.nodes = (cluster) => {
      looks += 1;
      return nodes(cluster);
    };
    const waits = Promise.all(
      Array.from({ length: 100 }, () => manager.waitForNodes({ cluster: 'a', version, wait: 60_000 })),
    );
    await clock.advance(1);
    await expect.poll(() => manager.heldPolls).toBe(100);
    const begun = looks;
    for (const [at, id] of ids.entries()) beat(id, { instance: `${at}`, version });
    await clock.runUntil(waits);
    expect(begun).toBeLessThanOrEqual(2);
    expect(looks - begun).toBe(1);
  });
});
