import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bundle } from '../support/bundle.js';
import { answer, rawServer } from '../support/raw-server.js';
import { errorOf, httpTransport, onlyOnce, somePush } from '../support/transports.js';

const heartbeat = { cluster: 'c', nodeId: 1 };
const poll = { cluster: 'c', version: 4, wait: 300_000 };

async function program(name: string, args: readonly string[]) {
  const file = fileURLToPath(new URL(`programs/${name}`, import.meta.url));
  const child = spawn(process.execPath, [await bundle(file), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, output: text(child.stdout) };
}

describe('a connection', () => {
  it('R3: that was never made stored nothing', async () => {
    const server = await rawServer(() => {});
    await server.close();
    const error = await errorOf(httpTransport(server.url).push(somePush));
    expect(error).toMatchObject({ code: 'UNREACHABLE', outcome: 'notApplied', retryable: true });
    expect(String(error)).toContain(server.url);
    expect(String(error)).toContain('ECONNREFUSED');
  });

  it('R3: to a host that does not exist stored nothing', async () => {
    const error = await errorOf(httpTransport('http://nobody.invalid:8000', onlyOnce).push(somePush));
    expect(error).toMatchObject({ code: 'UNREACHABLE', outcome: 'notApplied' });
    expect(String(error)).toContain('nobody.invalid');
  });

  it('R3: that breaks after the request has come leaves the outcome unknown', async () => {
    const server = await rawServer((_, socket) => socket.resetAndDestroy());
    const error = await errorOf(httpTransport(server.url).push(somePush));
    expect(error).toMatchObject({ code: 'UNREACHABLE', outcome: 'unknown' });
    expect(server.requests).toHaveLength(5);
  });

  it('that the server drops just as it is used again costs nothing but an attempt', async () => {
    const served = new WeakMap<object, number>();
    const server = await rawServer((_, socket) => {
      const before = served.get(socket) ?? 0;
      served.set(socket, before + 1);
      if (before === 0) socket.write(answer(200));
      else socket.destroy();
    });
    const transport = httpTransport(server.url);
    for (let request = 0; request < 20; request++) await transport.heartbeat(heartbeat);
  });

  it('is closed at once when its request is aborted', async () => {
    const server = await rawServer(() => {});
    const transport = httpTransport(server.url);
    const controller = new AbortController();
    const reason = new Error('mine');
    const polled = errorOf(transport.poll(poll, { signal: controller.signal }));
    await expect.poll(() => server.requests.length).toBe(1);
    controller.abort(reason);
    expect(await polled).toBe(reason);
    await expect.poll(() => server.open).toBe(0);
    expect(server.requests).toHaveLength(1);
  });

  it('is closed when an attempt has taken too long', async () => {
    const server = await rawServer(() => {});
    const error = await errorOf(httpTransport(server.url).push(somePush, { timeout: 1_000 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown', retryable: true });
    expect(String(error)).toContain(server.url);
    await expect.poll(() => server.open).toBe(0);
    expect(server.requests).toHaveLength(2);
  });

  it('is not sent elsewhere by a redirect', async () => {
    const target = await rawServer((_, socket) => socket.write(answer(200, { Version: 5 })));
    const server = await rawServer((_, socket) =>
      socket.write(answer(307, { Location: `${target.url}/clusters/c/versions/4` })),
    );
    const error = await errorOf(httpTransport(server.url, onlyOnce).push(somePush));
    expect(error).toMatchObject({ code: 'BAD_ANSWER', outcome: 'unknown' });
    expect(String(error)).toContain(`${server.url} redirects`);
    expect(target.requests).toEqual([]);
  });

  it('is closed when the transport is, and its calls reject', async () => {
    const server = await rawServer((request, socket) => {
      if (request.method === 'PUT') socket.write(answer(200));
    });
    const transport = httpTransport(server.url);
    await transport.heartbeat(heartbeat);
    const calls = [transport.poll(poll), transport.push(somePush)].map(errorOf);
    await expect.poll(() => server.requests.length).toBe(3);
    await Promise.all([transport.close(), transport.close()]);
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'CLOSED' });
    await expect.poll(() => server.open).toBe(0);
    expect(await errorOf(transport.heartbeat(heartbeat))).toMatchObject({ code: 'CLOSED' });
  });

  it('R13: holds no process once the transport is closed', async () => {
    const server = await rawServer((request, socket) => {
      if (request.method === 'PUT') socket.write(answer(200, { 'Keep-Alive': 'timeout=600' }));
    });
    const { child, output } = await program('close-and-exit.ts', [server.url]);
    await expect.poll(() => server.requests.length, { timeout: 10_000 }).toBe(5);
    const exited = once(child, 'exit');
    const begin = performance.now();
    child.stdin.write('close');
    expect(await exited).toEqual([0, null]);
    // An idle connection would hold the process for the 600 s of its Keep-Alive.
    expect(performance.now() - begin).toBeLessThan(60_000);
    expect(JSON.parse(await output)).toEqual(['CLOSED', 'CLOSED']);
  });
});

describe('of several endpoints', () => {
  const good = () => rawServer((_, socket) => socket.write(answer(200)));

  it('a dead one is left for the next, and the next is kept', async () => {
    const [dead, first, second] = [await good(), await good(), await good()];
    await dead.close();
    const transport = httpTransport([dead.url, first.url, second.url]);
    expect(transport.endpoint).toBe(dead.url);
    for (let request = 0; request < 5; request++) await transport.heartbeat(heartbeat);
    expect(transport.endpoint).toBe(first.url);
    expect([first.requests.length, second.requests.length]).toEqual([5, 0]);
    await first.close();
    await transport.heartbeat(heartbeat);
    expect(transport.endpoint).toBe(second.url);
  });

  it.each([
    ['answers 503', answer(503)],
    ['answers a web page', answer(200, { 'Content-Type': 'text/html' }, '<html>')],
    ['redirects', answer(301, { Location: 'http://127.0.0.1:1/' })],
  ])('one that %s is left', async (_, bytes) => {
    const bad = await rawServer((_request, socket) => socket.write(bytes));
    const next = await good();
    await httpTransport([bad.url, next.url]).heartbeat(heartbeat);
    expect([bad.requests.length, next.requests.length]).toEqual([1, 1]);
  });

  it('one that is silent is left', async () => {
    const silent = await rawServer(() => {});
    const next = await good();
    const transport = httpTransport([silent.url, next.url]);
    await transport.heartbeat(heartbeat, { timeout: 1_000 });
    expect(transport.endpoint).toBe(next.url);
  });

  it('one that hangs is left by those too that wait for it', async () => {
    const hanging = await rawServer(() => {});
    const next = await rawServer((request, socket) => {
      socket.write(request.method === 'PUT' ? answer(200) : answer(200, { Version: 9 }, 'newer'));
    });
    const transport = httpTransport([hanging.url, next.url]);
    const calls = [transport.poll(poll), transport.push(somePush)];
    await expect.poll(() => hanging.requests.length).toBe(2);
    await transport.heartbeat(heartbeat, { timeout: 1_000 });
    const [polled, pushed] = await Promise.all(calls);
    expect(polled).toMatchObject({ kind: 'snapshot', version: 9 });
    expect(pushed).toMatchObject({ kind: 'committed', version: 9 });
    await expect.poll(() => hanging.open).toBe(0);
  });

  it('one alone is not left, however slow: what waits for it waits on', async () => {
    const slow = await rawServer((request, socket) => {
      if (request.method === 'GET') setTimeout(() => socket.write(answer(204)), 500);
    });
    const transport = httpTransport(slow.url, onlyOnce);
    const polled = transport.poll(poll);
    await errorOf(transport.heartbeat(heartbeat, { timeout: 100 }));
    expect(await polled).toEqual({ kind: 'unchanged' });
  });

  it('one that refuses is kept: another would refuse as well', async () => {
    const refusing = await rawServer((_, socket) => socket.write(answer(404, {}, 'Key not found')));
    const next = await good();
    const transport = httpTransport([refusing.url, next.url]);
    expect(await errorOf(transport.heartbeat(heartbeat))).toMatchObject({ code: 'NODE_NOT_FOUND' });
    expect(transport.endpoint).toBe(refusing.url);
  });

  it('only one is left when several requests to it fail together', async () => {
    const dead = await good();
    await dead.close();
    const [first, second] = [await good(), await good()];
    const transport = httpTransport([dead.url, first.url, second.url]);
    await Promise.all(Array.from({ length: 10 }, () => transport.heartbeat(heartbeat)));
    expect(transport.endpoint).toBe(first.url);
    expect(second.requests).toEqual([]);
  });

  it('R2: a push continues with its mutation id', async () => {
    const losing = await rawServer((_, socket) => socket.destroy());
    const next = await rawServer((_, socket) => socket.write(answer(200, { Version: 5 })));
    expect(await httpTransport([losing.url, next.url]).push(somePush)).toMatchObject({ kind: 'committed' });
    const ids = [losing, next].map((server) => server.requests[0]?.headers['cflux-mutation']);
    expect(ids).toEqual(['m-1', 'm-1']);
  });
});
