import { Manager, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { expect, it } from 'vitest';
import { clusterMetrics } from '../../src/manager/http/cluster-metrics.js';
import type { MeasuredSpread } from '../../src/manager/nodes/spread-meter.js';
import { serve } from '../support/serve.js';

const details = { ip: '', hostname: 'h', bindAddress: 'h:1' };

interface Measured extends MeasuredSpread {
  readonly ms: number;
}

/** A manager on a clock of its own, which measures; `join` adds a node. */
async function setUp() {
  const clock = new ManualClock();
  const store = new MemoryStore();
  const manager = new Manager({ store, clock });
  const measured: Measured[] = [];
  manager.onSpread = (ms, of) => measured.push({ ms, ...of });
  const epoch = await manager.epoch('c');
  let latest = 0;
  /** The looks at the nodes take some turns of the event loop. They have them before time passes: after a slow look the next one is later. */
  const looked = async () => {
    for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
  };
  const commit = async () => {
    const push = {
      cluster: 'c',
      version: latest,
      snapshot: Buffer.from(`${latest}`),
      mutation: `m${latest}`,
    };
    const result = await manager.push(push);
    if (result.kind === 'committed') latest = result.version;
    await looked();
    return latest;
  };
  const join = async (instance: string) => {
    const { id } = await manager.register('c', details, {}, { instance });
    return (version = latest) => manager.heartbeat('c', id, { progress: { instance, epoch, version } });
  };
  /** Lets the time to live pass, after which the manager knows all nodes. */
  const mature = async (...beats: readonly (() => unknown)[]) => {
    for (let passed = 0; passed < 15_000; passed += 5_000) {
      for (const beat of beats) await beat();
      await clock.advance(5_000);
    }
    await clock.advance(100);
    for (const beat of beats) await beat();
  };
  const isMeasured = async (count: number) => {
    for (let passed = 0; passed <= 10_000; passed += 100) {
      await looked();
      if (measured.length === count) return;
      await clock.advance(100);
    }
    expect(measured).toHaveLength(count);
  };
  return { clock, store, manager, measured, commit, join, mature, isMeasured };
}

it('R28: measures from the commit until all nodes have the version, once the manager knows all nodes', async () => {
  const { clock, manager, measured, commit, join, mature, isMeasured } = await setUp();
  const beat = await join('i');
  await commit();
  await mature(beat);
  expect(measured).toEqual([]);
  const version = await commit();
  await clock.advance(400);
  await beat();
  await isMeasured(1);
  expect(measured).toMatchObject([{ cluster: 'c', version, isComplete: true }]);
  // A look that was under way with the heartbeat is followed by another after an interval.
  expect(measured[0]?.ms).toBeGreaterThanOrEqual(400);
  expect(measured[0]?.ms).toBeLessThanOrEqual(1_500);
  const [oldest, behind] = ['cflux_oldest_applied_version', 'cflux_nodes_behind'];
  expect(await clusterMetrics(manager)).toEqual(
    expect.arrayContaining([`${behind}{cluster="c"} 0`, `${oldest}{cluster="c"} ${version}`]),
  );
  const missed = await commit();
  expect(await clusterMetrics(manager)).toEqual(
    expect.arrayContaining([`${behind}{cluster="c"} 1`, `${oldest}{cluster="c"} ${version}`]),
  );
  // A node that is stuck does not prevent all further measurements.
  for (let passed = 0; passed < 600_000; passed += 10_000) {
    await beat(version);
    await clock.advance(10_000);
  }
  await isMeasured(2);
  expect(measured[1]).toMatchObject({ version: missed, isComplete: false });
  await manager.close();
  expect(clock.timers).toBe(0);
});

it('R28: measures every version of several that follow each other before one has reached all nodes', async () => {
  const { clock, manager, measured, commit, join, mature, isMeasured } = await setUp();
  const [one, two] = [await join('1'), await join('2')];
  await commit();
  await mature(one, two);
  const versions: number[] = [];
  for (let change = 0; change < 3; change++) {
    versions.push(await commit());
    await clock.advance(1_000);
    await one();
  }
  expect(measured).toEqual([]);
  await two(versions[0]);
  await isMeasured(1);
  expect(measured).toMatchObject([{ version: versions[0], isComplete: true }]);
  await two();
  await isMeasured(3);
  expect(measured.map(({ version }) => version)).toEqual(versions);
  const [, second = { ms: 0 }, third = { ms: 0 }] = measured;
  // From the commit of each, which were a second apart.
  expect(second.ms - third.ms).toBeGreaterThanOrEqual(500);
  await manager.close();
  expect(clock.timers).toBe(0);
});

it('R28: of many versions that a stuck node lacks, follows the oldest and the newest nine', async () => {
  const { clock, manager, measured, commit, join, mature, isMeasured } = await setUp();
  const beat = await join('i');
  const old = await commit();
  await mature(beat);
  const versions: number[] = [];
  for (let change = 0; change < 30; change++) {
    versions.push(await commit());
    await clock.advance(10);
  }
  await beat(old);
  expect(measured).toEqual([]);
  await beat();
  await isMeasured(10);
  expect(measured.map(({ version }) => version)).toEqual([versions[0], ...versions.slice(-9)]);
  // A history that ends takes what is followed in it along, and the next one is measured.
  await commit();
  await manager.deleteCluster('c');
  await clock.advance(2_000);
  expect(measured).toHaveLength(10);
  await manager.close();
  expect(clock.timers).toBe(0);
});

it('R28: a process that was stopped during a look at the nodes looks again soon', async () => {
  const { clock, store, manager, commit, join, mature, isMeasured } = await setUp();
  const beat = await join('i');
  await commit();
  await mature(beat);
  await commit();
  await clock.advance(0);
  const nodes = store.nodes.bind(store);
  let isStopped = false;
  store.nodes = (cluster) => {
    store.nodes = nodes;
    isStopped = true;
    // Well below the ten minutes for which it measures.
    clock.pause(60_000);
    return nodes(cluster);
  };
  // A look of a wait that goes on, unlike the first one of a wait.
  while (!isStopped) await clock.advance(100);
  await beat();
  const before = clock.monotonic();
  await isMeasured(1);
  expect(clock.monotonic() - before).toBeLessThan(10_000);
  await manager.close();
});

it('shows the histogram of a served manager', async () => {
  const { url, manager } = await serve({ nodeTtl: 300 });
  await new Promise((resolve) => setTimeout(resolve, 400));
  const { id } = await manager.register('c', details, {}, { instance: 'i' });
  const pushed = await manager.push({ cluster: 'c', version: 0, snapshot: Buffer.from('x'), mutation: 'm' });
  const version = pushed.kind === 'committed' ? pushed.version : 0;
  const progress = { instance: 'i', epoch: pushed.epoch, version };
  const metrics = async () => {
    await manager.heartbeat('c', id, { progress });
    return (await fetch(`${url}/metrics`)).text();
  };
  await expect.poll(metrics).toContain('cflux_commit_to_everywhere_seconds_count 1');
});
