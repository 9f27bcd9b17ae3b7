import { Manager, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ClientConnection } from '../../src/manager/audit.js';
import { pusherOf } from '../../src/manager/pushes/pusher.js';
import type { PushResult } from '../../src/transport/transport.js';
import { RawClient } from '../support/raw-client.js';
import { serve } from '../support/serve.js';

interface From {
  readonly remote?: string;
  readonly port?: number;
  readonly nodeId?: number;
  readonly isShared?: boolean;
}

function setUp() {
  const clock = new ManualClock();
  const manager = new Manager({ store: new MemoryStore(), clock });
  onTestFinished(() => manager.close());
  let mutations = 0;
  /** A push without an id, on a connection. */
  const push = (version: number, { remote = '10.0.0.1', port = 1, nodeId, isShared = false }: From = {}) => {
    const connection: ClientConnection = { port, nodeId, isShared };
    const mutation = `m${mutations++}`;
    const request = { cluster: 'c', version, snapshot: Buffer.from(mutation), mutation };
    return manager.push(request, { requester: { remote, connection } });
  };
  return { clock, manager, push };
}

const versionOf = (result: PushResult) => result.version ?? 0;

const settled = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

function follow(pushes: Record<string, Promise<PushResult>>): string[] {
  const order: string[] = [];
  for (const [name, push] of Object.entries(pushes)) push.then(({ kind }) => order.push(`${name} ${kind}`));
  return order;
}

describe('a push without an id', () => {
  it('R26: is identified by its connection, not by its address', async () => {
    const { push } = setUp();
    const made = versionOf(await push(0, { port: 1 }));
    const shown = versionOf(await push(0, { port: 2 }));
    const other = push(made, { port: 1 });
    const order = follow({ other });
    await settled();
    expect(order, 'the other client of the address waits, although it has the version too').toEqual([]);
    expect(await push(shown, { port: 2 })).toMatchObject({ kind: 'committed' });
    expect(await other).toMatchObject({ kind: 'conflict' });
  });

  it('R26: on another connection of the address is the retry of the loser if it is made from the version shown', async () => {
    const { push, clock } = setUp();
    await push(0, { port: 1 });
    const shown = versionOf(await push(0, { port: 2 }));
    expect(await push(shown, { port: 3 })).toMatchObject({ kind: 'committed' });
    expect(clock.monotonic(), 'it did not wait for the end of the reservation').toBe(0);
  });

  it.each([
    ['from another version', 0, { port: 3 }],
    ['at another address', undefined, { port: 3, remote: '10.0.0.2' }],
    ['on the connection of another node', undefined, { port: 3, nodeId: 8 }],
  ])('R26: %s is not that retry', async (_, base, from) => {
    const { push, clock } = setUp();
    await push(0, { port: 1 });
    const shown = versionOf(await push(0, { port: 2, nodeId: 7 }));
    const other = push(base ?? shown, from);
    const order = follow({ other });
    await settled();
    expect(order).toEqual([]);
    expect(await push(shown, { port: 2, nodeId: 7 })).toMatchObject({ kind: 'committed' });
    await clock.advance(250);
    expect(await other).toMatchObject({ kind: 'conflict' });
  });

  it('R26: is known on every connection of its node, also to be slow', async () => {
    const { push, clock } = setUp();
    await push(0, { port: 1 });
    let shown = versionOf(await push(0, { port: 2, nodeId: 7 }));
    await clock.advance(250);
    const next = versionOf(await push(shown, { port: 1 }));
    await clock.advance(550);
    shown = versionOf(await push(shown, { port: 3, nodeId: 7 }));
    const other = push(next, { port: 1 });
    const order = follow({ other });
    await clock.advance(800);
    expect(order).toEqual([]);
    expect(await push(shown, { port: 2, nodeId: 7 })).toMatchObject({ kind: 'committed' });
    await other;
  });

  it('R26: that is late is measured, also on another connection', async () => {
    const { push, clock } = setUp();
    await push(0, { port: 1 });
    let shown = versionOf(await push(0, { port: 2 }));
    await clock.advance(250);
    const next = versionOf(await push(shown, { port: 1 }));
    await clock.advance(550);
    shown = versionOf(await push(shown, { port: 3 }));
    const order = follow({ other: push(next, { port: 1 }) });
    await clock.advance(800);
    expect(order).toEqual([]);
    expect(await push(shown, { port: 4 })).toMatchObject({ kind: 'committed' });
  });

  it('R26: is given the time that its client needed on another connection of the address', async () => {
    const { push, clock } = setUp();
    await push(0, { port: 1 });
    const slow = versionOf(await push(0, { port: 2 }));
    await clock.advance(240);
    const stored = versionOf(await push(slow, { port: 2 }));
    const shown = versionOf(await push(0, { port: 5 }));
    const order = follow({ other: push(stored, { remote: '10.0.0.2' }) });
    await clock.advance(470);
    expect(order).toEqual([]);
    expect(await push(shown, { port: 5 })).toMatchObject({ kind: 'committed' });
  });

  it('R26: of a client that opens, and then polls at version 0 on the same connection, reserves nothing', async () => {
    const { manager, push, clock } = setUp();
    const made = versionOf(await push(0, { port: 1 }));
    await push(0, { port: 2 });
    const other = push(made, { port: 1 });
    const poll = (port: number, isShared: boolean) => {
      const requester = { remote: '10.0.0.1', connection: { port, isShared } };
      return manager.poll({ cluster: 'c', version: 0 }, { requester, isLegacy: true });
    };
    const order = follow({ other });
    await poll(3, false);
    await settled();
    expect(order, 'the poll of another client').toEqual([]);
    await poll(2, false);
    expect(await other).toMatchObject({ kind: 'committed' });
    const shown = versionOf(await push(0, { port: 2, isShared: true }));
    await poll(2, true);
    const waiting = push(shown, { remote: '10.0.0.2' });
    const later = follow({ waiting });
    await settled();
    expect(later, 'the poll may be that of another client of the proxy').toEqual([]);
    expect(clock.monotonic()).toBe(0);
    await clock.advance(250);
    await waiting;
  });

  it('R26: of several nodes on one connection is identified by its address', async () => {
    const { push } = setUp();
    await push(0, { port: 1 });
    const shown = versionOf(await push(0, { port: 2, isShared: true }));
    expect(await push(shown, { port: 3, isShared: true })).toMatchObject({ kind: 'committed' });
  });

  it('R26: of one address does not take the reservation of a node or a command', async () => {
    const { manager, push } = setUp();
    await push(0, { port: 1 });
    for (const identity of [{ nodeId: 7 }, { requester: 'r' }]) {
      const named = (version: number) => {
        const request = { cluster: 'c', version, snapshot: Buffer.from('x'), mutation: `${version}` };
        const requester = { remote: '10.0.0.1', connection: { port: 4, isShared: false } };
        return manager.push({ ...request, ...identity }, { requester });
      };
      const shown = versionOf(await named(0));
      const other = push(shown, { port: 3 });
      const order = follow({ other });
      await settled();
      expect(order).toEqual([]);
      expect(await named(shown)).toMatchObject({ kind: 'committed' });
      await other;
      await push(versionOf(await other), { port: 3 });
    }
  });

  it('R26: has the identity that it states before that of its connection', () => {
    const connection = { port: 1, nodeId: 7, isShared: false };
    const from = { remote: 'a', connection };
    expect(pusherOf({ nodeId: 8, requester: 'r' }, from).name).toBe('node 8');
    expect(pusherOf({ requester: 'r' }, from).name).toBe('requester r');
    expect(pusherOf({}, from)).toMatchObject({ name: 'node 7', address: 'a' });
    expect(pusherOf({}, { remote: 'a', connection: { port: 1, isShared: false } }).name).toBe(
      'connection a:1',
    );
    expect(pusherOf({}, { remote: 'a' })).toMatchObject({ name: 'at a', isShared: true });
  });
});

const head = (method: string, path: string, length = 0, ...more: string[]) => [
  `${method} ${path} HTTP/1.1`,
  'Host: localhost:8000',
  'User-Agent: Go-http-client/1.1',
  `Content-Length: ${length}`,
  ...more,
];

describe('over HTTP', () => {
  // No reservation lapses, however slow the machine is: what is tested is whose it is.
  const send = async (client: RawClient, method: string, path: string, body = '', ...more: string[]) => {
    client.send(head(method, path, body.length, ...more), body);
    return client.answer();
  };
  const push = (client: RawClient, version: number | string, body: string, ...more: string[]) =>
    send(client, 'POST', `/clusters/c/versions/${version}`, body, ...more);
  const register = async (client: RawClient) =>
    JSON.parse((await send(client, 'POST', '/nodes/c', '{"ip":"","hostname":"h"}')).body.toString()).id;

  it.each(['a registration', 'a heartbeat'])(
    'R26: %s tells to which node a connection belongs',
    async (how) => {
      const { url } = await serve({ conflictHold: 60_000 });
      const [first, loser, second, third] = [
        await RawClient.connect(url),
        await RawClient.connect(url),
        await RawClient.connect(url),
        await RawClient.connect(url),
      ];
      const id = await register(loser);
      if (how === 'a heartbeat') await send(second, 'PUT', `/nodes/c/${id}`);
      await register(third);
      await push(first, 0, 'one');
      const shown = (await push(loser, 0, 'two')).headers['version'] ?? '';
      // From the version shown, at the same address, but on the connection of another node.
      const other = push(third, shown, 'three');
      // Another request of the same server is answered after it: it waits in the queue.
      await send(await RawClient.connect(url), 'GET', '/nodes/c');
      const retry = await push(how === 'a heartbeat' ? second : loser, shown, 'four');
      expect(retry.status).toBe(200);
      const refused = await other;
      expect(refused.status).toBe(409);
      expect(refused.body.toString()).toBe('four');
    },
  );

  it('R26: a connection with heartbeats of several nodes is that of a proxy', async () => {
    const { url } = await serve({ conflictHold: 60_000 });
    const [proxy, node, first] = [
      await RawClient.connect(url),
      await RawClient.connect(url),
      await RawClient.connect(url),
    ];
    const id = await register(node);
    await send(proxy, 'PUT', `/nodes/c/${id}`);
    await register(proxy);
    await push(first, 0, 'one');
    const shown = (await push(proxy, 0, 'two')).headers['version'] ?? '';
    const other = push(first, shown, 'three');
    // Another request of the same server is answered after it: it waits in the queue.
    await send(await RawClient.connect(url), 'GET', '/nodes/c');
    expect((await push(node, shown, 'four')).status).toBe(200);
    expect((await other).status).toBe(409);
  });

  it('R26: Cflux-Requester identifies a command', async () => {
    const { url } = await serve({ conflictHold: 60_000 });
    const [first, one, two] = [
      await RawClient.connect(url),
      await RawClient.connect(url),
      await RawClient.connect(url),
    ];
    await push(first, 0, 'one');
    const shown = (await push(one, 0, 'two', 'Cflux-Requester: a-command')).headers['version'] ?? '';
    const other = push(first, shown, 'three');
    expect((await push(two, shown, 'four', 'Cflux-Requester: a-command')).status).toBe(200);
    expect((await other).status).toBe(409);
    const invalid = await push(one, 0, 'five', `Cflux-Requester: ${'x'.repeat(129)}`);
    expect(invalid.status).toBe(400);
  });
});
