import { expect, it } from 'vitest';
import { serve } from '../support/serve.js';
import { balancer, isPoll } from './support/balancer.js';
import { openNode, until } from './support/nodes.js';

it('#12 R5: a response that was delayed until newer data was pushed is dropped, and no version goes backwards', async () => {
  const { url } = await serve();
  const front = await balancer(url);
  const node = await openNode(front.url);
  const other = await openNode(url);
  const seen: number[] = [];
  node.client
    .on('synced', ({ version }) => seen.push(version))
    .on('pushed', ({ version }) => seen.push(version));

  for (let round = 0; round < 5; round++) {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let late = 0;
    // The held poll alone: an explicit request gets its response.
    front.mischief = {
      answer: async (passage) => {
        if (
          isPoll(passage) &&
          (passage.status === 200 || passage.status === 226) &&
          passage.headers['prefer'] !== 'wait=0'
        ) {
          late += 1;
          await held;
        }
        return undefined;
      },
    };
    await until(
      () => front.passages.some((each) => isPoll(each) && each.status === undefined),
      'a poll is held',
    );
    await other.client.createDatabase(`theirs-${round}`);
    await until(() => late > 0, 'its answer is on the way');
    // It meets the other's version as a conflict, takes it up, and makes a newer one.
    await node.client.createDatabase(`mine-${round}`);
    const { version } = node.client.status;
    release();
    front.mischief = {};
    await until(() => front.passages.filter(isPoll).at(-1)?.status === undefined, 'it polls again');
    expect(node.client.status.version).toBeGreaterThanOrEqual(version);
    expect(node.databases()).toContain(`mine-${round}`);
    await other.client.waitForVersion(version);
  }
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  expect(node.databases()).toEqual(other.databases());
  expect(node.heard('epochChanged')).toEqual([]);
});
