import type { ManagerServerOptions } from 'clusterflux/manager';
import { describe, expect, it } from 'vitest';
import { HastenedClock } from '../faults/support/hastened-clock.js';
import { RawClient } from '../support/raw-client.js';
import { serve } from '../support/serve.js';

const poll = (cluster: string, token?: string) => [
  `GET /clusters/${cluster}/versions/0 HTTP/1.1`,
  'Host: localhost',
  ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
];

const tokenOf = (name: string) => `token-of-the-bearer-${name}`;
const tokens = ['a', 'b', 'c', 'd'].map((name) => ({
  name,
  token: tokenOf(name),
  scopes: ['node', 'read'] as const,
}));

/** A manager whose refusals, which it holds for five seconds, take a twentieth of that. */
const serveSlots = (heldPolls: number, options: ManagerServerOptions = {}) =>
  serve({ limits: { heldPolls }, clock: new HastenedClock(20) }, options);

/** A manager with 40 slots: half of them are 20, and a share is 10. */
const setUp = (withTokens = true) => serveSlots(40, withTokens ? { tokens } : {});

/** Begins `count` polls at once, each on a connection of its own; resolves when each is held or refused. */
async function begin(
  { url, manager }: Awaited<ReturnType<typeof setUp>>,
  count: number,
  lines: (i: number) => readonly string[],
) {
  const before = manager.heldPolls;
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.connect(url)));
  const refused: number[] = [];
  for (const [i, client] of clients.entries()) {
    client.send(lines(i));
    client.answer().then(
      ({ status }) => refused.push(status),
      () => {},
    );
  }
  await expect.poll(() => manager.heldPolls - before + refused.length, { interval: 5 }).toBe(count);
  return { held: manager.heldPolls - before, refused };
}

describe('R24: held polls', () => {
  it('a poll that does not wait takes no slot, and completes if there is none left', async () => {
    const served = await serveSlots(4);
    expect((await begin(served, 4, () => poll('a'))).held).toBe(4);
    const beyond = await fetch(`${served.url}/clusters/b/versions/0`);
    expect([beyond.status, beyond.headers.get('retry-after')]).toEqual([429, '5']);
    const check = { headers: { prefer: 'wait=0' } };
    expect((await fetch(`${served.url}/clusters/b/versions/0`, check)).status).toBe(204);
  });

  it('a poll with an old version takes no slot, and gets the newest if there is none left', async () => {
    const served = await serveSlots(4);
    await fetch(`${served.url}/clusters/b/versions/0`, { method: 'POST', body: 'one' });
    await begin(served, 4, () => poll('a'));
    expect(await (await fetch(`${served.url}/clusters/b/versions/0`)).text()).toBe('one');
  });

  it('a connection holds at most four, and takes more requests afterwards', async () => {
    const { url, manager } = await setUp(false);
    const client = await RawClient.connect(url);
    for (let i = 0; i < 6; i++) client.send(poll('a'));
    await expect.poll(() => manager.heldPolls).toBe(4);
    await fetch(`${url}/clusters/a/versions/0`, { method: 'POST', body: 'one' });
    const statuses = [];
    for (let i = 0; i < 6; i++) statuses.push((await client.answer()).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
    client.send(poll('a'));
    expect((await client.answer()).status).toBe(200);
    expect(manager.heldPolls).toBe(0);
  });

  it('a connection that is lost gives back every slot that it held', async () => {
    // By the real clock: hastened polls would soon end by themselves.
    const { url, manager } = await serve({ limits: { heldPolls: 40 } });
    const client = await RawClient.connect(url);
    for (let i = 0; i < 4; i++) client.send(poll('a'));
    await expect.poll(() => manager.heldPolls).toBe(4);
    client.socket.destroy();
    await expect.poll(() => manager.heldPolls).toBe(0);
  });

  it('a connection that is kept alive holds one poll after the other, as often as it likes', async () => {
    const { url, manager } = await setUp(false);
    const client = await RawClient.connect(url);
    let version = '0';
    for (let i = 0; i < 12; i++) {
      client.send([`GET /clusters/a/versions/${version} HTTP/1.1`, 'Host: localhost']);
      await expect.poll(() => manager.heldPolls).toBe(1);
      await fetch(`${url}/clusters/a/versions/${version}`, { method: 'POST', body: `${i}` });
      const { status, headers } = await client.answer();
      expect(status).toBe(200);
      version = headers['version'] ?? '';
    }
  });

  it('a fleet that shares one token, cluster and address is not limited below half of all slots', async () => {
    const served = await setUp();
    expect((await begin(served, 20, () => poll('a', tokenOf('a')))).held).toBe(20);
  });

  it.each([
    ['one token, in many clusters', (i: number) => poll(`c-${i}`, tokenOf('a'))],
    ['one cluster, with many tokens', (i: number) => poll('a', tokenOf('abc'[i % 3] ?? 'a'))],
  ])('%s takes half of all slots, and others get theirs', async (_, lines) => {
    const served = await setUp();
    const { held, refused } = await begin(served, 40, lines);
    expect([held, refused.length]).toEqual([20, 20]);
    expect((await begin(served, 10, () => poll('z', tokenOf('d')))).held).toBe(10);
  });

  it('held requests for activity take the share of their token, and of no cluster', async () => {
    const served = await setUp();
    const activity = (token: string) => [
      'GET /activity/0 HTTP/1.1',
      'Host: localhost',
      'Prefer: wait=60',
      `Authorization: Bearer ${token}`,
    ];
    expect((await begin(served, 20, () => poll('a', tokenOf('a')))).held).toBe(20);
    // Two tokens, each with nearly a share: together more than the share of a cluster.
    for (const name of ['b', 'c'])
      expect((await begin(served, 9, () => activity(tokenOf(name)))).held).toBe(9);
    const { held, refused } = await begin(served, 2, () => activity(tokenOf('c')));
    expect([held, refused]).toEqual([1, [429]]);
  });

  it('without tokens an address is limited, and a slot that is given back is free again', async () => {
    const served = await setUp(false);
    const lines = (i: number) => poll(`c-${i}`);
    expect((await begin(served, 20, lines)).held).toBe(20);
    expect((await begin(served, 20, lines)).held).toBe(0);
    await fetch(`${served.url}/clusters/c-0/versions/0`, { method: 'POST', body: 'one' });
    await expect.poll(() => served.manager.heldPolls).toBe(19);
    expect((await begin(served, 2, () => poll('c-1'))).held).toBe(1);
  });
});
