import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { answer } from '../support/raw-server.js';
import { serve } from '../support/serve.js';
import { balancer, type Fate, isPoll } from './support/balancer.js';
import { openNode, until } from './support/nodes.js';

const page = Buffer.from('<html><body>It works!</body></html>');
const html = { 'Content-Type': 'text/html' };

it('#5 a proxy that cuts polls at a fifth of their hold: changes still come, and each cut costs one poll', async () => {
  // As 60 s are of 300 s.
  const [hold, cut] = [2_500, 500];
  const { url } = await serve();
  const front = await balancer(url);
  front.mischief = {
    request: (passage) =>
      isPoll(passage) && passage.headers['prefer'] !== 'wait=0' ? wait(cut, 'cut' as const) : undefined,
  };
  const node = await openNode(front.url, { haste: 1, pollWait: hold });
  const other = await openNode(url, { haste: 1 });
  await other.client.createDatabase('one');
  await until(() => node.databases().includes('one'), 'it learns of it by the poll after a cut');
  const before = front.passages.filter(isPoll).length;
  await wait(3_000);
  expect(front.passages.filter(isPoll).length - before).toBeLessThanOrEqual(3_000 / cut + 2);
  expect(node.heard('epochChanged')).toEqual([]);
});

const fates: Readonly<Record<string, Fate>> = {
  '502': answer(502, {}, 'Bad Gateway'),
  '504 at once, as if the hold were over': answer(504, {}, 'Gateway Timeout'),
  'a page with 502': answer(502, html, page),
  'a page with 200': answer(200, html, page),
  'a page with 200 and a version': answer(200, { ...html, Version: 99 }, page),
  'a page with 200 and a version that does not call itself a page': answer(200, { Version: 9e15 }, page),
};

it('#5 a proxy that responds with 502, 504 or a page: nothing is adopted or considered current; the node backs off, and resumes afterwards', async () => {
  const haste = 10;
  const { url } = await serve();
  const other = await openNode(url, { haste });
  const victims = await Promise.all(
    Object.entries(fates).map(async ([name, fate]) => {
      const front = await balancer(url);
      return { name, fate, front, node: await openNode(front.url, { haste }) };
    }),
  );
  for (const { front, fate } of victims) {
    front.mischief = { request: (passage) => (isPoll(passage) ? fate : undefined) };
  }
  await other.client.createDatabase('one');
  // What they held may be let go by the first change, and still be whole.
  await other.client.createDatabase('two');
  for (const { node, name } of victims) {
    await until(() => node.client.status.state === 'offline', `it knows that it is cut off: ${name}`);
  }
  const before = victims.map(({ front, node }) => ({
    polls: front.passages.filter(isPoll).length,
    version: node.client.status.version,
    databases: node.databases(),
  }));
  await wait(2_000);
  for (const [at, { name, front, node }] of victims.entries()) {
    const { polls = 0, version, databases } = before[at] ?? {};
    // Twenty seconds for it, with pauses of 1, 2, 4 … 15 s, and up to five attempts in between.
    expect(front.passages.filter(isPoll).length - polls, name).toBeLessThanOrEqual(25);
    expect(node.client.status, name).toMatchObject({ state: 'offline', version });
    expect(node.databases(), name).toEqual(databases);
    front.mischief = {};
  }
  for (const { name, node } of victims) {
    await until(() => node.databases().includes('two'), `it follows again: ${name}`);
    expect(node.client.status.state).toBe('online');
    expect(node.heard('epochChanged')).toEqual([]);
  }
});
