import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Deferred } from '../../src/async/deferred.js';
import { systemClock } from '../../src/clock.js';
import { listen } from '../../src/gateway/listener.js';
import { pass } from '../../src/gateway/proxy/pass.js';
import { framingOf } from '../../src/gateway/proxy/request-framing.js';
import { Upstream } from '../../src/gateway/proxy/upstream.js';
import { readBody } from '../../src/gateway/request/read-body.js';
import { wireTo } from './support/wire.js';

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that gets requests and answers none, and a proxy before it that passes a request when `isReady` resolves. */
async function lab(isReady: (request: IncomingMessage) => Promise<unknown> = async () => {}) {
  const seen: string[] = [];
  const open = new Set<string>();
  const silent = createServer(({ url = '', socket }) => {
    seen.push(url);
    open.add(url);
    socket.once('close', () => open.delete(url));
  });
  let connections = 0;
  silent.on('connection', () => {
    connections += 1;
  });
  const upstream = new Upstream({ url: await listening(silent), connectTimeout: 5_000, clock: systemClock });
  onTestFinished(() => upstream.close());
  const arrived: string[] = [];
  const options = {
    host: '127.0.0.1',
    port: 0,
    tls: undefined,
    clock: systemClock,
    warn: () => {},
    onLoad: undefined,
  };
  const proxy = await listen(options, async (request, response) => {
    arrived.push(request.url ?? '');
    await isReady(request);
    const framing = framingOf(request) ?? 'none';
    pass(upstream, { request, response, framing }, { onFailure: () => response.destroy() });
  });
  onTestFinished(() => proxy.close(0));
  return { url: proxy.url, seen, open, arrived, connections: () => connections };
}

const head = (path: string, length: number) =>
  `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${length}\r\n\r\n`;

describe('R24: a client that is gone', () => {
  it('before its request is passed takes no connection to the server', async () => {
    const gone = new Deferred<void>();
    const passed = new Deferred<void>();
    const { url, seen, arrived, connections } = await lab(async ({ url: path, socket }) => {
      if (path !== '/gone') return;
      socket.once('close', () => gone.resolve());
      await passed.promise;
    });
    const wire = await wireTo(url);
    wire.write(`${head('/gone', 100)}half`);
    await expect.poll(() => arrived).toEqual(['/gone']);
    wire.socket.destroy();
    await gone.promise;
    passed.resolve();
    const other = await wireTo(url);
    other.write(head('/next', 0));
    await expect.poll(() => seen).toContain('/next');
    expect(seen).toEqual(['/next']);
    expect(connections()).toBe(1);
  });

  it.each([
    ['within its body', `${head('/one', 100)}half`, ['/one']],
    [
      'with pipelined requests that wait for each other',
      `${head('/one', 0)}${head('/two', 0)}`,
      ['/one', '/two'],
    ],
  ])('%s leaves no connection to the server', async (_, text, paths) => {
    const { url, open } = await lab();
    const wire = await wireTo(url);
    wire.write(text);
    await expect.poll(() => [...open].sort()).toEqual(paths);
    wire.socket.destroy();
    await expect.poll(() => [...open]).toEqual([]);
  });

  it('before its body is read is no client to wait for', async () => {
    const failure = new Deferred<unknown>();
    const server = createServer((request) => {
      request.socket.once('close', () =>
        setImmediate(() => readBody(request, 1_000).then(failure.resolve, failure.resolve)),
      );
    });
    const wire = await wireTo(await listening(server));
    wire.write(`${head('/', 100)}half`);
    await new Promise<void>((resolve) => server.once('request', () => resolve()));
    wire.socket.destroy();
    expect(String(await failure.promise)).toContain('closed the connection within the body');
  });
});
