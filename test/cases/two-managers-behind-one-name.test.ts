import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isCfluxError } from 'clusterflux';
import { expect, it } from 'vitest';
import { balancer } from '../faults/support/balancer.js';
import { CfluxManager } from '../faults/support/cflux-manager.js';
import { openNode, until } from '../faults/support/nodes.js';
import { temporaryDirectory } from '../meta/support/temporary-directory.js';

it('R11: between two managers that share no store a node that keeps pushing changes sides ever more slowly, with a backup for each metadata', async () => {
  const dir = await temporaryDirectory();
  const managers = [await CfluxManager.start(['--memory']), await CfluxManager.start(['--memory'])];
  const [one, two] = managers as [CfluxManager, CfluxManager];
  // The same cluster under the name at both: what a node seeded here, it seeds there.
  const first = await openNode(one.url, { dir: join(dir, 'first') });
  await first.client.createDatabase('a');
  const place = { dir: join(dir, 'node') };
  const meta = first.meta.data();
  const second = await openNode(two.url);
  await second.client.mutate((copy) => copy.setData({ ...meta }));

  const front = await balancer(one.url, two.url);
  const node = await openNode(front.url, place);
  const began = performance.now();
  let changes = 0;
  let isOver = false;
  const push = async () => {
    while (!isOver) {
      await node.client.createDatabase(`pushed-${changes++}`).catch((error: unknown) => {
        // Every rejection is a clear error of ours, and certain.
        if (!isCfluxError(error)) throw error;
      });
    }
  };
  const pushing = push();
  const isHistoryChange = () => node.heard('epochChanged').length;
  await until(() => isHistoryChange() >= 3, 'the node has changed sides a few times');
  isOver = true;
  await pushing;
  // After 0, 0.5 and 1 s of the node's own time at least, which runs ten times as fast.
  expect((performance.now() - began) * 10).toBeGreaterThan(1_400);
  const files = await readdir(join(place.dir, 'backups'));
  const digests = files.map((name) => /-([0-9a-f]{12})\.db$/.exec(name)?.[1]);
  expect(new Set(digests).size).toBe(files.length);
  expect(files.length).toBeLessThanOrEqual(isHistoryChange());
});
