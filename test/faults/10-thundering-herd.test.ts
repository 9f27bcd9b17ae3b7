import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { CfluxManager } from './support/cflux-manager.js';
import { type FaultNodeOptions, newNode, until } from './support/nodes.js';

/** The figures of the manager, by their name and labels. */
async function metrics(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return new Map(
    [...text.matchAll(/^(cflux_\S+) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  );
}

const held = async (url: string) => (await metrics(url)).get('cflux_held_polls') ?? 0;

/** More at night: `HERD=500`. */
const clients = Number(process.env['HERD'] ?? 200);

it(`#10 a thundering herd: ${clients} nodes come back to a killed manager each at a time of its own, and none of them needs a snapshot`, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-herd-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const manager = await CfluxManager.start(['--data', dir]);
  // In real time: how they are spread is what is measured. Beats are rare, for it is about polls.
  const delays: number[] = [];
  const retry: FaultNodeOptions['retry'] = {
    onRetry: ({ call, attempt, delay }) => {
      if (call === 'poll' && attempt === 1) delays.push(delay);
    },
  };
  const settings = { haste: 1, heartbeatInterval: 14_000, retry };
  const herd = Array.from({ length: clients }, () => newNode(manager.url, settings));
  // One after the other, as they would be closed by themselves, takes long.
  onTestFinished(async () => {
    await Promise.all(herd.map(({ client }) => client.close({ timeout: 100 })));
  });
  for (let at = 0; at < clients; at += 50) {
    await Promise.all(herd.slice(at, at + 50).map(({ client }) => client.open()));
  }
  await until(async () => (await held(manager.url)) === clients, 'all polls are held', 120);

  await manager.kill();
  await manager.start();
  await until(async () => (await held(manager.url)) === clients, 'all are back', 120);
  // All were cut off in the same instant, and each decided by chance when it would try again.
  const [soonest = 0, median = 0, latest = 0] = [0.1, 0.5, 0.9].map(
    (part) => delays.sort((one, other) => one - other)[Math.floor(part * delays.length)] ?? 0,
  );
  expect(delays.length).toBeGreaterThanOrEqual(clients);
  expect((latest - soonest) / median).toBeGreaterThan(0.3);

  // The manager has kept everything, the nodes too: no snapshot was sent, and no node registered again.
  const notified = await metrics(manager.url);
  expect(notified.get('cflux_requests_total{route="poll",status="200"}')).toBeUndefined();
  expect([...notified.keys()].filter((name) => name.includes('register'))).toEqual([]);
  const [first] = herd;
  await first?.client.createDatabase('after');
  await until(() => herd.every((node) => node.databases().includes('after')), 'all follow', 120);
});
