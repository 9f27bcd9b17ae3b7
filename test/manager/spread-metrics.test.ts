import { Manager, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { expect, it } from 'vitest';
import { clusterMetrics } from '../../src/manager/http/cluster-metrics.js';
import { serve } from '../support/serve.js';

const details = { ip: '', hostname: 'h', bindAddress: 'h:1' };

it('measures from the commit until all nodes have the version, once the manager knows all nodes', async () => {
  const clock = new ManualClock();
  const manager = new Manager({ store: new MemoryStore(), clock });
  const measured: number[] = [];
  manager.onSpread = (ms) => measured.push(ms);
  const epoch = await manager.epoch('c');
  let version = 0;
  const commit = async () => {
    const push = { cluster: 'c', version, snapshot: Buffer.from(`${version}`), mutation: `m${version}` };
    const result = await manager.push(push);
    if (result.kind === 'committed') version = result.version;
  };
  const { id } = await manager.register('c', details, {}, { instance: 'i' });
  const beat = async () => manager.heartbeat('c', id, { progress: { instance: 'i', epoch, version } });
  await commit();
  for (let passed = 0; passed < 15_000; passed += 5_000) {
    await beat();
    await clock.advance(5_000);
  }
  await clock.advance(100);
  expect(measured).toEqual([]);
  await beat();
  await commit();
  await clock.advance(400);
  await beat();
  await clock.advance(0);
  await expect.poll(() => measured.length).toBe(1);
  expect(measured[0]).toBe(400);
  const [oldest, behind] = ['cflux_oldest_applied_version', 'cflux_nodes_behind'];
  expect(await clusterMetrics(manager)).toEqual(
    expect.arrayContaining([`${behind}{cluster="c"} 0`, `${oldest}{cluster="c"} ${version}`]),
  );
  const before = version;
  await commit();
  expect(await clusterMetrics(manager)).toEqual(
    expect.arrayContaining([`${behind}{cluster="c"} 1`, `${oldest}{cluster="c"} ${before}`]),
  );
  // A node that is stuck does not prevent all further measurements.
  for (let passed = 0; passed < 600_000; passed += 10_000) {
    await manager.heartbeat('c', id, { progress: { instance: 'i', epoch, version: before } });
    await clock.advance(10_000);
  }
  await clock.advance(1_000);
  expect(measured).toEqual([400, 600_000]);
  await manager.close();
  expect(clock.timers).toBe(0);
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
