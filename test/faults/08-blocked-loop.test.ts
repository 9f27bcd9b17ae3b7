import { expect, it } from 'vitest';
import { serve } from '../support/serve.js';
import { balancer, isPoll, isPush, isRegistration } from './support/balancer.js';
import { NodeProcess } from './support/node-process.js';
import { openNode, until } from './support/nodes.js';

it('#8 R10: a node whose event loop was blocked for three times to live is alive again, registers no second time, and syncs before its next push', async () => {
  // Fifteen times as fast: a time to live is a second.
  const haste = 15;
  const { url, manager } = await serve({ nodeTtl: 1_000 });
  const front = await balancer(url);
  const node = await NodeProcess.open({ endpoint: front.url, haste });
  const other = await openNode(url, { haste });
  const { nodeId } = await node.ask<{ nodeId: number }>('status');
  const isAlive = async () =>
    (await manager.nodes('faults')).some((known) => known.id === nodeId && known.alive);
  expect(await isAlive()).toBe(true);
  // More than one if a response took longer than such a quick node waits.
  const registrations = front.passages.filter(isRegistration).length;

  const begun = performance.now();
  const created = node.ask('blockThenCreate', '3000 mine');
  await until(async () => !(await isAlive()), 'its lease is lost');
  await other.client.createDatabase('meanwhile');
  await created;
  expect(performance.now() - begun).toBeGreaterThan(3_000);
  expect(await node.ask('databases')).toEqual(['meanwhile', 'mine']);
  await until(isAlive, 'it is alive again');
  await other.client.waitForVersion((await node.ask<{ version: number }>('status')).version);
  expect(other.databases()).toEqual(['meanwhile', 'mine']);

  // What it sent after the block, in order: nothing was pushed on what it had before.
  const afterwards = front.passages.filter(({ at }) => at > begun + 2_900);
  const push = afterwards.findIndex(isPush);
  expect(afterwards.slice(0, push).filter(isPoll).length).toBeGreaterThan(0);
  expect(afterwards.filter(isPush).map(({ status }) => status)).toEqual([200]);
  expect(front.passages.filter(isRegistration)).toHaveLength(registrations);
  expect(node.heard('registered')).toHaveLength(1);
});
