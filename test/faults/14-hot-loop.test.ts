import { setTimeout as wait } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { answer } from '../support/raw-server.js';
import { serve } from '../support/serve.js';
import { balancer, type Fate, isPoll, type Passage } from './support/balancer.js';
import { newNode, openNode, until } from './support/nodes.js';

/** The immediate response to every poll. */
const fates: Readonly<Record<string, (passage: Passage) => Fate>> = {
  '200 with the version that it has': ({ path, headers }) =>
    answer(
      200,
      { Version: path.split('/').at(-1) ?? '', 'Cflux-Epoch': headers['cflux-epoch'] ?? '' },
      'not read any more',
    ),
  '200 with no version': () => answer(200, {}, 'x'),
  '204': () => answer(204),
  '304': () => answer(304),
  '400': () => answer(400, {}, 'no'),
  '401': () => answer(401),
  '404': () => answer(404),
  '409': ({ headers }) => answer(409, { Version: 7, 'Cflux-Epoch': headers['cflux-epoch'] ?? '' }, 'x'),
  '412 with another epoch each time': () => answer(412, { 'Cflux-Epoch': String(Math.random()), Version: 9 }),
  '500': () => answer(500),
  '503 that asks for nothing': () => answer(503),
  '503 that wants it back at once': () => answer(503, { 'Retry-After': 0 }),
  'a cut connection': () => 'cut',
};

it('#14 the hot loop: a server that responds to every poll at once receives a handful of requests in ten seconds', async () => {
  const { url } = await serve();
  const other = await openNode(url, { haste: 1 });
  await other.client.createDatabase('one');
  const victims = await Promise.all(
    Object.entries(fates).map(async ([name, fate]) => {
      const front = await balancer(url);
      const node = await openNode(front.url, { haste: 1 });
      front.mischief = { request: (passage) => (isPoll(passage) ? fate(passage) : undefined) };
      return { name, front, node };
    }),
  );
  const lost = newNode('http://nobody.invalid:8000', { haste: 1, startOffline: true });
  const opening = lost.client.open();
  // Ends the polls that are held, so that the mischief begins.
  await other.client.createDatabase('two');
  await until(
    () => victims.every(({ front }) => front.passages.filter(isPoll).length > 2),
    'all are answered',
  );

  const before = victims.map(({ front }) => front.passages.length);
  await wait(10_000);
  const counts = victims.map(({ name, front }, at) => [name, front.passages.length - (before[at] ?? 0)]);
  // Three beats; four or five polls with pauses of 1, 2, 4 and 8 s between them, up to five attempts of each.
  for (const [name, count] of counts) expect(count, String(name)).toBeLessThanOrEqual(30);
  await opening;
  expect(lost.client.status.state).toBe('offline');
  expect(lost.heard('syncFailed').length).toBeLessThanOrEqual(5);
});
