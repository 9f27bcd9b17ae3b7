import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/protocol/content-digest.js';
import { answer, rawServer } from '../support/raw-server.js';
import { errorOf, httpTransport, onlyOnce, somePush } from '../support/transports.js';

const snapshot = Buffer.from('the whole metadata');
const node = { ip: '10.0.0.1,', hostname: 'h' };
const somePoll = { cluster: 'c', version: 4, wait: 1_000 };

/** A transport of one attempt to a server that responds to everything with `bytes`. */
async function answering(...bytes: Parameters<typeof answer>) {
  const server = await rawServer((_, socket) => socket.write(answer(...bytes)));
  return { server, transport: httpTransport(server.url, onlyOnce) };
}

describe('requests', () => {
  it('go to the published routes, whatever characters a name has', async () => {
    const { server, transport } = await answering(200, { Version: 5 }, '{"id":7}');
    const cluster = 'a b/ü+%2e';
    const path = 'a%20b%2F%C3%BC%2B%252e';
    expect(await transport.register({ cluster, node })).toEqual({ id: 7, expirationDate: '' });
    await transport.heartbeat({ cluster, nodeId: 7 });
    await transport.deregister({ cluster, nodeId: 7 });
    await errorOf(transport.nodes({ cluster }));
    await transport.push({ ...somePush, cluster });
    await transport.poll({ ...somePoll, cluster });
    expect(server.requests.map((request) => `${request.method} ${request.path}`)).toEqual([
      `POST /nodes/${path}`,
      `PUT /nodes/${path}/7`,
      `DELETE /nodes/${path}/7`,
      `GET /nodes/${path}`,
      `POST /clusters/${path}/versions/4`,
      `GET /clusters/${path}/versions/4`,
    ]);
    expect(JSON.parse(String(server.requests[0]?.body))).toEqual(node);
    expect(server.requests[4]?.body.toString()).toBe('snapshot');
  });

  it('go below the path of the endpoint', async () => {
    const { server } = await answering(200);
    await httpTransport(`${server.url}/proxied/`).heartbeat({ cluster: 'c', nodeId: 1 });
    expect(server.requests[0]?.path).toBe('/proxied/nodes/c/1');
  });

  it('carry the requester, its version, and how long it waits', async () => {
    const { server, transport } = await answering(200, { Version: 5 }, snapshot);
    const who = { epoch: 'e-1', mutation: 'm-1', nodeId: 8001 };
    await transport.push({ ...somePush, ...who, offer: { epoch: 'e-0', version: 12 } });
    await transport.poll({ ...somePoll, ...who, wait: 1_001 });
    await transport.heartbeat({ cluster: 'c', nodeId: 1, leaving: true });
    const said = { 'cflux-epoch': 'e-1', 'cflux-mutation': 'm-1', 'cflux-node': '8001' };
    expect(server.requests[0]?.headers).toMatchObject({ ...said, 'cflux-offer': 'e-0/12' });
    expect(server.requests[1]?.headers).toMatchObject({ ...said, prefer: 'wait=2' });
    expect(server.requests[2]?.headers).toMatchObject({ 'cflux-leaving': 'true' });
  });

  it.each(['', '.', '..', '\ud800'])(
    'are not made for the name %j, which no URL can carry',
    async (cluster) => {
      const { server, transport } = await answering(200);
      const error = await errorOf(transport.push({ ...somePush, cluster }));
      expect(error).toMatchObject({ code: 'BAD_REQUEST', outcome: 'notApplied' });
      expect(server.requests).toEqual([]);
    },
  );
});

describe('responses', () => {
  const spoken = {
    'Cflux-Epoch': 'e-1',
    'Cflux-Last-Mutation': 'm-9',
    'Content-Digest': contentDigest(snapshot),
  };
  const whole = { version: 9, snapshot: new Uint8Array(snapshot), epoch: 'e-1', mutation: 'm-9' };

  it('become results', async () => {
    const poll = async (...bytes: Parameters<typeof answer>) =>
      (await answering(...bytes)).transport.poll(somePoll);
    const push = async (...bytes: Parameters<typeof answer>) =>
      (await answering(...bytes)).transport.push(somePush);
    expect(await push(200, { Version: 5, 'Cflux-Epoch': 'e-1' })).toEqual({
      kind: 'committed',
      hasDrops: false,
      version: 5,
      epoch: 'e-1',
    });
    expect(await push(409, { Version: 9, ...spoken }, snapshot)).toEqual({ kind: 'conflict', ...whole });
    const foreign = { kind: 'epochMismatch', epoch: 'e-2' };
    expect(await push(412, { 'Cflux-Epoch': 'e-2', Version: 0 })).toEqual({ ...foreign, version: 0 });
    expect(await poll(200, { Version: 9, ...spoken }, snapshot)).toEqual({ kind: 'snapshot', ...whole });
    expect(await poll(412, { 'Cflux-Epoch': 'e-2' })).toEqual(foreign);
    expect(await poll(204, { Version: 9, ...spoken })).toEqual({
      kind: 'unchanged',
      version: 9,
      epoch: 'e-1',
      mutation: 'm-9',
    });
    expect(await poll(304)).toEqual({ kind: 'unchanged' });
    expect(await poll(204)).toEqual({ kind: 'unchanged' });
  });

  it('of a legacy manager become results', async () => {
    const { transport } = await answering(200, { Version: 9 }, snapshot);
    expect(await transport.poll(somePoll)).toEqual({
      kind: 'snapshot',
      version: 9,
      snapshot: new Uint8Array(snapshot),
    });
  });

  it('list the members in either spelling', async () => {
    const entries = [
      { id: 1, ip: '1.2.3.4,', hostname: 'a', bindAddress: 'a:8086', 'bind-address': 'a:8086', alive: true },
      { id: 2, ip: '', hostname: 'b', 'bind-address': 'b:8086', alive: false },
    ];
    const { transport } = await answering(200, {}, JSON.stringify(entries));
    expect(await transport.nodes({ cluster: 'c' })).toEqual([
      {
        id: 1,
        ip: '1.2.3.4',
        addresses: ['1.2.3.4'],
        hostname: 'a',
        bindAddress: 'a:8086',
        alive: true,
      },
      { id: 2, ip: '', addresses: [], hostname: 'b', bindAddress: 'b:8086', alive: false },
    ]);
  });

  it.each([
    'not json',
    '',
    'null',
    '[]',
    '{}',
    '{"id":0}',
    '{"id":"7"}',
    '{"id":9007199254740993}',
    '{"id":1.5}',
  ])('to a registration are refused where they are %j', async (body) => {
    const { server, transport } = await answering(200, {}, body);
    const error = await errorOf(transport.register({ cluster: 'c', node }));
    expect(error).toMatchObject({ code: 'BAD_ANSWER', retryable: true });
    expect(String(error)).toContain(server.url);
  });

  it.each([
    '{}',
    'null',
    '[null]',
    '[{"id":1}]',
    '[{"id":1,"ip":"","hostname":"","bindAddress":"","alive":"yes"}]',
  ])('that list the members are refused where they are %j', async (body) => {
    const { transport } = await answering(200, {}, body);
    expect(await errorOf(transport.nodes({ cluster: 'c' }))).toMatchObject({ code: 'BAD_ANSWER' });
  });

  it.each(['', '0', '-1', '+5', '1.5', 'v5', '0x5', '9007199254740993', '5, 6'])(
    'with the version %j are refused',
    async (version) => {
      const { transport } = await answering(200, { Version: version }, snapshot);
      expect(await errorOf(transport.poll(somePoll))).toMatchObject({ code: 'BAD_ANSWER', retryable: true });
      const error = await errorOf(transport.push(somePush));
      expect(error).toMatchObject({ code: 'BAD_ANSWER', retryable: true, outcome: 'unknown' });
    },
  );

  it('without a version are refused, each a failed attempt, until a good one comes', async () => {
    const server = await rawServer((_, socket, number) =>
      socket.write(answer(200, number < 4 ? {} : { Version: 5 }, snapshot)),
    );
    expect(await httpTransport(server.url).push(somePush)).toMatchObject({ kind: 'committed', version: 5 });
    expect(server.requests).toHaveLength(4);
  });

  it.each([
    ['a 409 without a version', 409, {}],
    ['a 412 without an epoch', 412, {}],
    ['a 201', 201, { Version: 5 }],
  ])('to a push: %s is nobody knows what', async (_, status, headers) => {
    const { transport } = await answering(status, headers, 'x');
    expect(await errorOf(transport.push(somePush))).toMatchObject({ code: 'BAD_ANSWER', outcome: 'unknown' });
  });

  it('that are a web page are refused, with status 200 too, and never shown', async () => {
    const page = '<html><body>Welcome to the airport</body></html>';
    const { transport } = await answering(200, { Version: 5, 'Content-Type': 'text/html; charset=x' }, page);
    const calls = [
      transport.register({ cluster: 'c', node }),
      transport.heartbeat({ cluster: 'c', nodeId: 1 }),
      transport.deregister({ cluster: 'c', nodeId: 1 }),
      transport.nodes({ cluster: 'c' }),
      transport.push(somePush),
      transport.poll(somePoll),
    ];
    for (const error of await Promise.all(calls.map(errorOf))) {
      expect(error).toMatchObject({ code: 'BAD_ANSWER', retryable: true });
      expect(String(error)).not.toContain('airport');
    }
    const broken = await answering(502, { 'Content-Type': 'text/html' }, page);
    const error = await errorOf(broken.transport.push(somePush));
    expect(error).toMatchObject({ code: 'MANAGER_FAILED', status: 502 });
    expect(String(error)).not.toContain('airport');
  });

  it.each([
    [400, 'BAD_REQUEST', false],
    [401, 'UNAUTHORIZED', false],
    [403, 'FORBIDDEN', false],
    [404, 'NO_SUCH_ROUTE', false],
    [408, 'TIMEOUT', true],
    [413, 'TOO_LARGE', false],
    [429, 'TOO_MANY_REQUESTS', true],
    [500, 'MANAGER_FAILED', true],
    [502, 'MANAGER_FAILED', true],
    [503, 'UNAVAILABLE', true],
    [504, 'MANAGER_FAILED', true],
    [507, 'OUT_OF_SPACE', false],
  ])(
    'R3: with status %i become %s, certain only where the manager refused',
    async (status, code, retryable) => {
      const anybody = await answering(status, {}, 'because');
      const error = await errorOf(anybody.transport.push(somePush));
      expect(error).toMatchObject({ code, retryable, status, outcome: 'unknown' });
      // A 401 adds how to pass a token.
      expect(error).toMatchObject({ message: expect.stringContaining(`${anybody.server.url}: because`) });
      const manager = await answering(status, { 'Cflux-Outcome': 'refused' }, 'because');
      expect(await errorOf(manager.transport.push(somePush))).toMatchObject({
        code,
        retryable,
        outcome: 'notApplied',
      });
    },
  );

  it('distinguish an unknown node from any other 404', async () => {
    const unknown = await answering(404, {}, '100: Key not found (/nodes/7) [12]');
    const heartbeat = { cluster: 'c', nodeId: 7 };
    expect(await errorOf(unknown.transport.heartbeat(heartbeat))).toMatchObject({ code: 'NODE_NOT_FOUND' });
    expect(await errorOf(unknown.transport.deregister(heartbeat))).toMatchObject({ code: 'NODE_NOT_FOUND' });
    const elsewhere = await answering(404, {}, 'no such page');
    expect(await errorOf(elsewhere.transport.heartbeat(heartbeat))).toMatchObject({ code: 'NO_SUCH_ROUTE' });
  });

  it('carry how long to wait', async () => {
    const { transport } = await answering(503, { 'Retry-After': 7 });
    expect(await errorOf(transport.push(somePush))).toMatchObject({ retryAfter: 7_000 });
    const date = new Date(Date.now() + 60_000).toUTCString();
    const dated = await answering(429, { 'Retry-After': date });
    const error = await errorOf(dated.transport.push(somePush));
    expect(error).toHaveProperty('retryAfter', expect.closeTo(60_000, -4));
  });

  it.each([
    ['of gzip', { 'Content-Encoding': 'gzip' }],
    ['of gzip with a digest', { 'Content-Encoding': 'gzip', 'Content-Digest': contentDigest(snapshot) }],
  ])('%s are taken', async (_, headers) => {
    const { server, transport } = await answering(200, { Version: 9, ...headers }, gzipSync(snapshot));
    expect(await transport.poll(somePoll)).toMatchObject({ snapshot: new Uint8Array(snapshot) });
    expect(server.requests[0]?.headers['accept-encoding']).toContain('gzip');
  });
});

describe('a 504', () => {
  async function answeringAfter(ms: number) {
    const server = await rawServer((_, socket) => setTimeout(() => socket.write(answer(504)), ms));
    return httpTransport(server.url, onlyOnce);
  }

  it('after a full hold reports that nothing changed', async () => {
    const transport = await answeringAfter(300);
    expect(await transport.poll({ ...somePoll, wait: 300 })).toEqual({ kind: 'unchanged' });
  });

  it('before its end is a failure', async () => {
    const transport = await answeringAfter(30);
    const error = await errorOf(transport.poll({ ...somePoll, wait: 60_000 }));
    expect(error).toMatchObject({ status: 504, retryable: true });
  });

  it('to a poll that does not wait is a failure', async () => {
    const transport = await answeringAfter(0);
    expect(await errorOf(transport.poll({ ...somePoll, wait: 0 }))).toMatchObject({ status: 504 });
  });
});
