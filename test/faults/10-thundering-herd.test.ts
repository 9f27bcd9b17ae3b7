import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { CfluxManager } from './support/cflux-manager.js';
import { newNode, until } from './support/nodes.js';

/** The figures of the manager, by their name and labels. */
async function metrics(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return new Map(
    [...text.matchAll(/^(cflux_\S+) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]),
  );
}

const held = async (url: string) => (await metrics(url)).get('cflux_held_polls') ?? 0;

it('#10 a thundering herd: 500 nodes come back to a killed manager spread over tenths of seconds, and none of them needs a snapshot', async () => {
  const clients = 500;
  const dir = await mkdtemp(join(tmpdir(), 'cflux-herd-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const manager = await CfluxManager.start(['--data', dir]);
  // In real time: how they are spread is what is measured. Beats are rare, for it is about polls.
  const herd = Array.from({ length: clients }, () =>
    newNode(manager.url, { haste: 1, heartbeatInterval: 14_000 }),
  );
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
  // When a tenth and when nine tenths of them were back.
  const times: number[] = [];
  for (let back = 0; back < clients; ) {
    await wait(50);
    back = await held(manager.url);
    while (times.length < 10 && back >= ((times.length + 1) * clients) / 10) times.push(performance.now());
  }
  // All were cut off in the same instant: without chance in the delays they would come back in one.
  expect((times[8] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(200);

  // The manager has kept everything, the nodes too: not a snapshot was sent, and nobody registered again.
  const told = await metrics(manager.url);
  expect(told.get('cflux_requests_total{route="poll",status="200"}')).toBeUndefined();
  expect([...told.keys()].filter((name) => name.includes('register'))).toEqual([]);
  const [first] = herd;
  await first?.client.createDatabase('after');
  await until(() => herd.every((node) => node.databases().includes('after')), 'all follow', 120);
});
