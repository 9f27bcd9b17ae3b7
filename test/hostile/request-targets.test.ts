import { connect } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTarget } from '../../src/protocol/request-target.js';
import { RawClient } from '../support/raw-client.js';
import { serve } from '../support/serve.js';
import { oddText, settings } from './support/fuzz.js';

/** The status of the response to lines sent as they are; rejects when the connection ends without one. */
async function statusOf(url: string, ...lines: readonly string[]): Promise<number> {
  const client = await RawClient.connect(url);
  client.send(lines);
  return client.status();
}

const host = 'Host: localhost';

describe('parseTarget', () => {
  it('R24: finds the path in every form that has one', () => {
    for (const [target, expected] of [
      ['/health', { path: '/health' }],
      ['/health?a=/b#c', { path: '/health' }],
      ['/a#?b', { path: '/a' }],
      ['//', { path: '//' }],
      ['//health', { path: '//health' }],
      ['/a/../b', { path: '/a/../b' }],
      ['http://h:1/a?b', { path: '/a', authority: 'h:1' }],
      ['HTTPS://h/a', { path: '/a', authority: 'h' }],
      ['http://h', { path: '/', authority: 'h' }],
      ['http://h?x', { path: '/', authority: 'h' }],
      ['http://', { path: '/', authority: '' }],
      ['http:///a', { path: '/a', authority: '' }],
    ] as const)
      expect(parseTarget(target), target).toEqual(expected);
    for (const target of ['', '*', 'h:80', 'health', 'ftp://h/a', 'http:/a', '?', '\\\\h\\a'])
      expect(parseTarget(target), target).toBeUndefined();
  });

  it('R24: never throws', () => {
    const target = fc.array(fc.oneof(oddText, fc.constantFrom('http://', '/', '[', '?', '#', '@', '%')));
    fc.assert(
      fc.property(target, (parts) => {
        const parsed = parseTarget(parts.join(''));
        if (parsed !== undefined) expect(parsed.path).toMatch(/^\/[^?#]*$/);
      }),
      settings(5),
    );
  });
});

describe('every request target gets a response', () => {
  it('R24: from the manager, whatever its form', async () => {
    const { url, manager } = await serve();
    const isWell = async () => expect((await fetch(`${url}/health`)).status).toBe(200);
    // 400: Node's parser takes no path without a slash.
    for (const target of [
      '//',
      '///',
      '*',
      'x',
      'http://',
      'http://localhost',
      'localhost:8000',
      '//[',
      '/%',
      '/\xff',
    ])
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'TRACE', 'PATCH'])
        expect([400, 404], `${method} ${target}`).toContain(
          await statusOf(url, `${method} ${target} HTTP/1.1`, host),
        );
    for (const name of ['%', '%f', '%ff', '%C0%AF', '%zz'])
      expect(await statusOf(url, `GET /clusters/${name}/history HTTP/1.1`, host), name).toBe(400);
    expect(await statusOf(url, 'GET http://localhost/health?x HTTP/1.1', host)).toBe(200);
    expect(await statusOf(url, `GET /${'a'.repeat(15_000)} HTTP/1.1`, host)).toBe(404);
    expect(await statusOf(url, `GET /${'a'.repeat(17_000)} HTTP/1.1`, host)).toBe(431);
    await isWell();
    expect(manager.lastError).toBeUndefined();
  });

  it('R24: a CONNECT is refused with a response, also when the client is gone by then', async () => {
    const { url } = await serve();
    expect(await statusOf(url, 'CONNECT localhost:80 HTTP/1.1', host)).toBe(405);
    expect(await statusOf(url, 'CONNECT /health HTTP/1.1', host)).toBe(405);
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname);
    await new Promise<void>((resolve) =>
      socket.write('CONNECT a:1 HTTP/1.1\r\nHost: localhost\r\n\r\n', () => {
        socket.resetAndDestroy();
        resolve();
      }),
    );
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  it.each(['CONNECT a:1 HTTP/1.1', 'CONNECT * HTTP/1.1'])(
    'R24: %s keeps no connection that would hold up the end of the server',
    async (line) => {
      const { url, server } = await serve();
      const silent = await RawClient.connect(url);
      silent.send([line, host], 'bytes of a tunnel');
      expect(await silent.status()).toBe(405);
      const leaving = await RawClient.connect(url);
      leaving.send([line, host], 'bytes of a tunnel');
      leaving.socket.end();
      await server.close();
      await leaving.closed();
      await silent.closed();
    },
  );

  it('R24: a line that is not HTTP is refused', async () => {
    const { url } = await serve();
    for (const line of ['GET  HTTP/1.1', 'GET /\x01 HTTP/1.1', 'GET / HTTP/9', 'get / HTTP/1.1', 'x'])
      expect(await statusOf(url, line, host), line).toBe(400);
    // The form of HTTP/0.9 has neither a version nor headers; a response is all that matters.
    expect(await statusOf(url, 'GET /health')).toBe(200);
    expect(await statusOf(url, 'GET //')).toBe(404);
    expect(await statusOf(url, 'GET /health HTTP/1.1')).toBe(400);
    expect(await statusOf(url, 'GET /health HTTP/1.0')).toBe(200);
  });

  it('R24: an upgrade and an expectation change nothing about the response', async () => {
    const { url } = await serve();
    const upgrade = [host, 'Connection: Upgrade', 'Upgrade: websocket'];
    expect(await statusOf(url, 'GET /health HTTP/1.1', ...upgrade)).toBe(200);
    expect(await statusOf(url, 'GET // HTTP/1.1', ...upgrade)).toBe(404);
    expect(await statusOf(url, 'GET // HTTP/1.1', host, 'Expect: 100-continue')).toBe(404);
    expect(await statusOf(url, 'GET /health HTTP/1.1', host, 'Expect: 200-ok')).toBe(417);
  });

  it('R24: HEAD is what GET is, without a body', async () => {
    const { url } = await serve();
    for (const path of ['/health', '/ready', '/metrics']) {
      const [head, get] = [await fetch(url + path, { method: 'HEAD' }), await fetch(url + path)];
      expect([head.status, head.headers.get('content-type')], path).toEqual([
        200,
        get.headers.get('content-type'),
      ]);
      expect(await head.text()).toBe('');
      if (path !== '/metrics')
        expect(head.headers.get('content-length')).toBe(String((await get.text()).length));
    }
    // The rest of the connection is still understood.
    const client = await RawClient.connect(url);
    client.send(['HEAD /ready HTTP/1.1', host]);
    client.send(['GET /ready HTTP/1.1', host]);
    await expect.poll(() => client.pending).toBeGreaterThan(200);
  });

  it('R24: HEAD of /ready is 503 while the store is away', async () => {
    const { url, manager } = await serve();
    Object.defineProperty(manager, 'check', { value: () => Promise.reject(new Error('away')) });
    expect((await fetch(`${url}/ready`, { method: 'HEAD' })).status).toBe(
      (await fetch(`${url}/ready`)).status,
    );
    expect((await fetch(`${url}/health`, { method: 'HEAD' })).status).toBe(200);
  });

  it('R24: a failure that no response can carry is a 500', async () => {
    const { url, manager } = await serve();
    for (const failure of [{ status: 99 }, { status: 200_000 }, { code: 'constructor' }]) {
      Object.defineProperty(manager, 'clusters', {
        configurable: true,
        value: async () => {
          const error = await manager.version('c', 1).catch((caught: unknown) => caught);
          for (const [key, value] of Object.entries(failure)) Object.defineProperty(error, key, { value });
          throw error;
        },
      });
      expect((await fetch(`${url}/clusters`)).status, JSON.stringify(failure)).toBe(500);
    }
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});
