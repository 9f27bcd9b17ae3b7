import { expect, it } from 'vitest';
import { balancer } from '../faults/support/balancer.js';
import { contend } from './contend.js';
import { releases } from './releases.js';

const { first, now } = releases;

it('R29: a node of this release sends snapshots to a manager of the first one, and gets none but snapshots', async () => {
  const { url } = await first.serve('memory');
  const front = await balancer(url);
  const nodes = [now.node(front.url), now.node(front.url)];
  for (const node of nodes) await node.open();
  await contend(nodes, 3);
  expect(front.passages.filter(({ method }) => method === 'PATCH')).toEqual([]);
  expect(new Set(front.passages.map(({ status }) => status))).not.toContain(226);
});

it('R29: a manager of this release serves snapshots to nodes of the first one, beside nodes that take deltas', async () => {
  const { url } = await now.serve('memory');
  const [old, young] = [await balancer(url), await balancer(url)];
  const nodes = [first.node(old.url), now.node(young.url), first.node(old.url), now.node(young.url)];
  for (const node of nodes) await node.open();
  await contend(nodes, 5);
  expect(old.passages.filter(({ method, status }) => method === 'PATCH' || status === 226)).toEqual([]);
  expect(young.passages.some(({ method, status }) => method === 'PATCH' && status === 200)).toBe(true);
});
