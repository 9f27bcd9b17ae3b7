import { expect, it } from 'vitest';
import { serve } from '../support/serve.js';
import { NodeProcess } from './support/node-process.js';

/** More at night: `POLLS=10000`. */
const polls = Number(process.env['POLLS'] ?? 2_000);

it(`#17 leaks: after ${polls} short polls heap, sockets and handles are what they were, and the process ends within a second of close`, async () => {
  const { url, manager } = await serve();
  const node = await NodeProcess.open({ endpoint: url }, { node: ['--expose-gc'] });
  await node.ask('createDatabase', 'one');
  const look = async () => ({
    heap: await node.ask<number>('collectGarbage'),
    resources: (await node.ask<string[]>('resources')).sort(),
    held: manager.heldPolls,
  });
  await node.ask('refresh', 1_000);
  const before = await look();
  await node.ask('refresh', polls);
  const after = await look();
  // A hundred bytes a poll would be a megabyte at night.
  expect(after.heap - before.heap).toBeLessThan(1_000_000);
  expect(after.resources.filter((resource) => resource === 'TCPSocketWrap').length).toBeLessThanOrEqual(4);
  expect(after.resources.length).toBeLessThanOrEqual(before.resources.length + 2);
  expect(after.held).toBeLessThanOrEqual(1);

  await node.ask('close');
  const { code, afterLastWord } = await node.exited;
  expect(code).toBe(0);
  expect(afterLastWord).toBeLessThan(1_000);
  expect(manager.heldPolls).toBe(0);
});
