import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ResponsiveTime } from '../support/responsive-time.js';
import { CfluxManager } from './support/cflux-manager.js';

it('#11 R23: after the manager itself was stopped for four times to live, none of a hundred nodes expires before one time to live of running', async () => {
  const ttl = 1_000;
  const manager = await CfluxManager.start(['--memory', '--node-ttl', `${ttl}ms`]);
  const register = async () => {
    const answer = await fetch(`${manager.url}/nodes/faults`, { method: 'POST', body: '{}' });
    return ((await answer.json()) as { id: number }).id;
  };
  const ids = await Promise.all(Array.from({ length: 100 }, register));
  const alive = async () => {
    const nodes = (await (await fetch(`${manager.url}/nodes/faults`)).json()) as { alive: boolean }[];
    return nodes.filter((node) => node.alive).length;
  };
  manager.pause();
  await wait(4 * ttl);
  manager.resume();
  const resumed = performance.now();
  const responsive = new ResponsiveTime();
  let last = resumed;
  while ((await alive()) === ids.length) last = performance.now();
  expect(last - resumed).toBeGreaterThan(0.8 * ttl);
  expect(responsive.ms).toBeLessThan(3 * ttl);
  responsive.stop();
  // Nobody beat: then all expire. One beat, and a node is alive again under its id.
  await expect.poll(alive, { timeout: 5_000 }).toBe(0);
  await Promise.all(ids.map((id) => fetch(`${manager.url}/nodes/faults/${id}`, { method: 'PUT' })));
  expect(await alive()).toBe(ids.length);
});
