import { expect, it } from 'vitest';
import { serve } from '../support/serve.js';
import { balancer, isPush } from './support/balancer.js';
import { HastenedClock } from './support/hastened-clock.js';
import { database, openNode, subscribe, subscriptions, until } from './support/nodes.js';

it('#15 the livelock of conflicting writers, R8, R26: 50 nodes that make 20 changes each at once all get them made, each once, and each meets about one conflict', async () => {
  const [writers, changes] = [50, 20];
  // All share a thread with the manager: on a busy machine each takes long to push again, so the manager's time passes slowly.
  const { url, manager } = await serve({ clock: new HastenedClock(0.1) });
  const front = await balancer(url);
  const nodes = await Promise.all(
    Array.from({ length: writers }, () => openNode(front.url, { haste: 1, mutationTimeout: 250_000 })),
  );
  const [first] = nodes;
  await first?.client.createDatabase(database);
  await until(() => nodes.every((node) => node.databases().includes(database)), 'all have it');

  const names: string[] = [];
  await Promise.all(
    nodes.flatMap((node, at) =>
      Array.from({ length: changes }, async (_, change) => {
        const name = `${at}-${change}`;
        names.push(name);
        await subscribe(node, name);
      }),
    ),
  );
  const version = Math.max(...nodes.map(({ client }) => client.status.version));
  await Promise.all(nodes.map(({ client }) => client.waitForVersion(version)));
  for (const node of nodes) expect(subscriptions(node).sort()).toEqual(names.sort());
  const pushes = front.passages.filter(isPush);
  const conflicts = pushes.filter(({ status }) => status === 409).length;
  const commits = pushes.filter(({ status }) => status === 200).length;
  // What waited together was pushed together (R7).
  expect(commits).toBeLessThanOrEqual(writers * 3);
  expect(conflicts / commits).toBeLessThanOrEqual(2);
  // The polls continued all the time: no node is delayed or lost.
  expect(nodes.flatMap((node) => node.heard('syncFailed'))).toEqual([]);
  await until(() => manager.heldPolls === writers, 'all follow');
});
