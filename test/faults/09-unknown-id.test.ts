import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { serve } from '../support/serve.js';
import { balancer, isBeat, isRegistration } from './support/balancer.js';
import { openNode, until } from './support/nodes.js';

it('#9 R10: a node that was deleted in the store registers once for each loss, and beats no faster afterwards', async () => {
  // A beat every 250 ms; with patience, because a registration whose response was not awaited is repeated.
  const settings = { haste: 2, heartbeatInterval: 500 };
  const { url, manager } = await serve();
  const front = await balancer(url);
  const node = await openNode(front.url, settings);
  const ids = new Set([node.client.status.nodeId]);
  const losses = 4;
  for (let loss = 1; loss <= losses; loss++) {
    await manager.deregister('faults', node.client.status.nodeId ?? 0);
    // Beats and registrations may fail meanwhile.
    front.mischief = {
      request: (passage) =>
        (isBeat(passage) || isRegistration(passage)) && Math.random() < 0.3 ? 'cut' : undefined,
    };
    await until(() => node.heard('registered').length === 1 + loss, 'it registers');
    front.mischief = {};
    ids.add(node.client.status.nodeId);
    const beats = node.heard('heartbeat').length;
    await until(() => node.heard('heartbeat').length > beats + 1, 'it beats');
  }
  expect(ids.size).toBe(1 + losses);
  expect(node.heard('registrationLost')).toHaveLength(losses);
  const answered = front.passages.filter((passage) => isRegistration(passage) && passage.status === 200);
  expect(answered).toHaveLength(1 + losses);
  expect(await manager.nodes('faults')).toMatchObject([{ id: node.client.status.nodeId, alive: true }]);

  const from = front.passages.length;
  await wait(2_000);
  // Eight beats; doubled timers would make sixteen.
  expect(front.passages.slice(from).filter(isBeat).length).toBeLessThanOrEqual(10);
});
