import { Manager, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PollResult } from '../../src/transport/transport.js';
import { LegacyNode } from '../support/legacy-node.js';
import { RawClient } from '../support/raw-client.js';
import { serve } from '../support/serve.js';

const settled = async () => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
};

async function setUp() {
  const clock = new ManualClock();
  const manager = new Manager({ store: new MemoryStore(), clock });
  onTestFinished(() => manager.close());
  let version = 0;
  const commit = async (snapshot: string) => {
    const request = { cluster: 'c', version, snapshot: Buffer.from(snapshot), mutation: snapshot };
    const result = await manager.push(request);
    if (result.kind !== 'committed') throw new Error(result.kind);
    version = result.version;
    return version;
  };
  const poll = (
    known: number,
    options: { isLegacy?: boolean; signal?: AbortSignal } = { isLegacy: true },
  ) => {
    const seen: { result?: PollResult } = {};
    const result = manager.poll({ cluster: 'c', version: known }, options);
    result.then(
      (each) => {
        seen.result = each;
      },
      () => {},
    );
    return { seen, result };
  };
  return { clock, manager, commit, poll };
}

describe('a poll of a legacy client', () => {
  it('R22: that is held gets a change after 50 ms, and the version that is the newest then', async () => {
    const { clock, manager, commit, poll } = await setUp();
    const first = await commit('one');
    const { seen, result } = poll(first);
    await settled();
    await commit('two');
    await clock.advance(49);
    expect(seen.result).toBeUndefined();
    expect(manager.heldPolls).toBe(1);
    const newest = await commit('three');
    await clock.advance(1);
    expect(await result).toMatchObject({ kind: 'snapshot', version: newest, snapshot: Buffer.from('three') });
    expect(manager.heldPolls).toBe(0);
  });

  it('R22: at an older version is delayed too; at version 0, and for other clients, it is not', async () => {
    const { clock, commit, poll } = await setUp();
    const first = await commit('one');
    const second = await commit('two');
    expect(await poll(0).result).toMatchObject({ version: second });
    expect(await poll(first, {}).result).toMatchObject({ version: second });
    const { seen, result } = poll(first);
    await settled();
    expect(seen.result).toBeUndefined();
    const third = await commit('three');
    await clock.advance(50);
    expect(await result).toMatchObject({ version: third });
  });

  it('R24: ends at once, also during the delay, when its client leaves or the manager closes', async () => {
    const { manager, commit, poll } = await setUp();
    const first = await commit('one');
    await commit('two');
    const leaving = new AbortController();
    const left = poll(first, { isLegacy: true, signal: leaving.signal }).result;
    const rest = poll(first).result;
    await settled();
    expect(manager.heldPolls).toBe(2);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    await manager.close();
    await expect(rest).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('R24: is not delayed without a slot', async () => {
    const clock = new ManualClock();
    const manager = new Manager({ store: new MemoryStore(), clock, limits: { heldPolls: 0 } });
    onTestFinished(() => manager.close());
    const push = (version: number, mutation: string) =>
      manager.push({ cluster: 'c', version, snapshot: Buffer.from('x'), mutation });
    const { version = 0 } = await push(0, 'one');
    await push(version, 'two');
    expect(await manager.poll({ cluster: 'c', version }, { isLegacy: true })).toMatchObject({
      kind: 'snapshot',
    });
  });

  it.each([
    ['Prefer', 'wait=10'],
    ['Cflux-Node', '7'],
    ['Cflux-Anything', 'x'],
  ])(
    'R22: is one without Prefer and without any Cflux- header; %s tells another client',
    async (name, value) => {
      const clock = new ManualClock();
      const { url, manager } = await serve({ clock });
      const push = (version: number, mutation: string) =>
        manager.push({ cluster: 'c', version, snapshot: Buffer.from(mutation), mutation });
      const { version = 0 } = await push(0, 'one');
      await push(version, 'two');
      const poll = ['GET', `/clusters/c/versions/${version}`, 'HTTP/1.1'].join(' ');
      const [ours, legacy] = [await RawClient.connect(url), await RawClient.connect(url)];
      legacy.send([poll, 'Host: localhost', 'Authorization: Bearer anything']);
      ours.send([poll, 'Host: localhost', `${name}: ${value}`]);
      expect((await ours.answer()).body.toString()).toBe('two');
      await expect.poll(() => manager.heldPolls).toBe(1);
      expect(legacy.pending).toBe(0);
      await clock.advance(50);
      expect((await legacy.answer()).body.toString()).toBe('two');
    },
  );
});

describe('a refused poll of a legacy client', () => {
  const tokens = [
    { name: 'n', token: 'node-token-node-token', scopes: ['node'] as const },
    { name: 'other', token: 'other-token-other-token', scopes: ['node'] as const, cluster: 'other' },
  ];
  const poll = ['GET /clusters/c/versions/0 HTTP/1.1', 'Host: localhost', 'User-Agent: Go-http-client/1.1'];

  it.each([
    ['has no token', [], 401],
    ['has an unknown token', ['Authorization: Bearer unknown-token-unknown'], 401],
    ['has a token of another cluster', ['Authorization: Bearer other-token-other-token'], 403],
  ])('R24: is held for seconds if it %s', async (_, more, status) => {
    const clock = new ManualClock();
    const { url, manager } = await serve({ clock }, { tokens });
    const client = await RawClient.connect(url);
    client.send([...poll, ...more]);
    // Another request of the same server is answered after it.
    const other = await RawClient.connect(url);
    other.send(['GET /clusters/c/versions/0 HTTP/1.1', 'Host: localhost', 'Prefer: wait=1']);
    expect((await other.answer()).status).toBe(401);
    await clock.advance(4_999);
    expect(client.pending).toBe(0);
    expect(manager.heldPolls, 'it takes no slot of the polls that wait for a change').toBe(0);
    await clock.advance(1);
    expect((await client.answer()).status).toBe(status);
  });

  it('R24: a legacy node without a token does not spin', async () => {
    const { url } = await serve({}, { tokens });
    const node = await LegacyNode.open(url, { cluster: 'c' });
    onTestFinished(() => node.close());
    expect(node.id).toBe(0);
    const probe = await fetch(`${url}/health`);
    expect(probe.status).toBe(200);
    expect(node.polls).toBe(1);
  });

  it('R24: so many of them take nothing from clients with a token, and those beyond the limit are refused at once', async () => {
    const clock = new ManualClock();
    const { url, manager } = await serve({ clock }, { tokens });
    const flood = await RawClient.connect(url);
    // A connection holds at most four; the responses come in order.
    for (let number = 0; number < 5; number++) flood.send(poll);
    const client = await RawClient.connect(url);
    client.send([...poll, `Authorization: Bearer ${tokens[0]?.token}`]);
    await expect.poll(() => manager.heldPolls).toBe(1);
    await clock.advance(5_000);
    for (let number = 0; number < 5; number++) expect((await flood.answer()).status).toBe(401);
    expect(manager.heldPolls).toBe(1);
  });

  it('R24: ends at once when the server closes', async () => {
    const clock = new ManualClock();
    const { url, server } = await serve({ clock }, { tokens });
    const client = await RawClient.connect(url);
    client.send(poll);
    const other = await RawClient.connect(url);
    other.send(['GET /health HTTP/1.1', 'Host: localhost']);
    await other.answer();
    await server.close();
    expect((await client.answer()).status).toBe(401);
  });
});
