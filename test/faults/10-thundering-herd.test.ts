import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { balancer, isPoll, isRegistration } from './support/balancer.js';
import { CfluxManager } from './support/cflux-manager.js';
import { newNode, openNode, until } from './support/nodes.js';

it('#10 a thundering herd: 500 nodes come back to a killed manager spread over seconds, and none of them needs a snapshot', async () => {
  const clients = 500;
  const dir = await mkdtemp(join(tmpdir(), 'cflux-herd-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const manager = await CfluxManager.start(['--data', dir]);
  const front = await balancer(manager.url);
  // In real time: how they are spread is what is measured.
  const first = await openNode(front.url, { haste: 1 });
  await first.client.createDatabase('one');
  const herd = Array.from({ length: clients - 1 }, () => newNode(front.url, { haste: 1 }));
  for (let at = 0; at < herd.length; at += 50) {
    await Promise.all(herd.slice(at, at + 50).map(({ client }) => client.open()));
  }
  const nodes = [first, ...herd];
  // One after the other, as they would be closed by themselves, takes long.
  onTestFinished(async () => {
    await Promise.all(herd.map(({ client }) => client.close({ timeout: 100 })));
  });
  await until(() => front.open >= clients, 'all polls are held');

  await manager.kill();
  await until(() => nodes.every(({ client }) => client.status.state === 'offline'), 'all notice');
  await manager.start();
  const back = performance.now();
  await until(() => nodes.every(({ client }) => client.status.state === 'online'), 'all are back', 40);

  // Everything that came to the manager that is there again, by tenths of a second.
  const arrivals = front.passages.filter(({ at, status }) => at >= back && status !== undefined);
  const polls = arrivals.filter(isPoll);
  const perTenth = new Map<number, number>();
  for (const { at } of polls) {
    const tenth = Math.floor((at - back) / 100);
    perTenth.set(tenth, (perTenth.get(tenth) ?? 0) + 1);
  }
  expect(polls.length).toBeGreaterThanOrEqual(clients);
  expect(Math.max(...perTenth.values())).toBeLessThan(clients / 4);
  // The manager has kept everything, the nodes too: they are told that nothing changed, in no bytes.
  expect(polls.filter(({ bytes = 0 }) => bytes > 0)).toEqual([]);
  expect(arrivals.filter(isRegistration)).toEqual([]);
  await first.client.createDatabase('two');
  await until(() => nodes.every((node) => node.databases().includes('two')), 'all follow');
});
