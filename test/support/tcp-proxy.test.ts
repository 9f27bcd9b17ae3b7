import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { TcpProxy } from './tcp-proxy.js';

/** A server that records what it receives and echoes it in capitals, behind a proxy; and a client of the proxy. */
async function lab() {
  const heard: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (piece) => {
      heard.push(piece.toString());
      socket.write(piece.toString().toUpperCase());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const proxy = await TcpProxy.start(`http://127.0.0.1:${address.port}`);
  onTestFinished(async () => {
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { proxy, heard, dial: () => dial(proxy.url) };
}

function dial(url: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let answered = '';
  let error: unknown;
  socket.on('data', (piece) => {
    answered += piece.toString();
  });
  socket.on('error', (thrown) => {
    error = thrown;
  });
  onTestFinished(() => {
    socket.destroy();
  });
  return {
    socket,
    answer: (text: string) => expect.poll(() => answered).toBe(text),
    failed: (code: string) => expect.poll(() => error).toMatchObject({ code }),
    closed: () => expect.poll(() => socket.closed).toBe(true),
    get answered() {
      return answered;
    },
  };
}

it('hands everything on, both ways, and each end on its own', async () => {
  const { dial } = await lab();
  const client = dial();
  client.socket.end('hello');
  await client.answer('HELLO');
  await client.closed();
});

it('delays, and keeps the order', async () => {
  const { proxy, dial } = await lab();
  proxy.impose('toServer', { kind: 'delay', ms: 100 });
  const client = dial();
  const begun = performance.now();
  client.socket.write('a');
  client.socket.write('b');
  await client.answer('AB');
  expect(performance.now() - begun).toBeGreaterThanOrEqual(99);
});

it('holds what is sent, and delivers it though its sender has gone', async () => {
  const { proxy, heard, dial } = await lab();
  const client = dial();
  client.socket.write('first');
  await client.answer('FIRST');
  proxy.impose('toServer', { kind: 'hold' });
  client.socket.write('late');
  client.socket.end();
  client.socket.destroySoon();
  await client.closed();
  expect(heard).toEqual(['first']);
  proxy.heal();
  await expect.poll(() => heard).toEqual(['first', 'late']);
  await expect.poll(() => proxy.connections).toBe(0);
});

it('holds responses only', async () => {
  const { proxy, heard, dial } = await lab();
  const client = dial();
  proxy.impose('toClient', { kind: 'hold' });
  client.socket.write('x');
  await expect.poll(() => heard).toEqual(['x']);
  expect(client.answered).toBe('');
  proxy.heal();
  await client.answer('X');
});

it('discards requests, and connections that were silent stay silent', async () => {
  const { proxy, heard, dial } = await lab();
  const [deaf, other] = [dial(), dial()];
  proxy.impose('toClient', { kind: 'swallow' });
  deaf.socket.write('x');
  await expect.poll(() => heard).toEqual(['x']);
  proxy.heal();
  deaf.socket.write('y');
  await expect.poll(() => heard).toEqual(['x', 'y']);
  other.socket.write('z');
  await other.answer('Z');
  expect(deaf.answered).toBe('');
});

it.each([0, 1, 3])('truncates after %i bytes, politely', async (after) => {
  const { proxy, dial } = await lab();
  proxy.impose('toClient', { kind: 'truncate', after });
  const client = dial();
  client.socket.write('abcdef');
  await once(client.socket, 'end');
  expect(client.answered).toBe('ABCDEF'.slice(0, after));
});

it('resets after some bytes, cuts at once, and refuses', async () => {
  const { proxy, dial } = await lab();
  proxy.impose('toServer', { kind: 'reset', after: 2 });
  const client = dial();
  client.socket.write('abcdef');
  await client.failed('ECONNRESET');
  proxy.heal();
  const second = dial();
  second.socket.write('a');
  await second.answer('A');
  proxy.cut();
  await second.failed('ECONNRESET');
  proxy.refuse();
  const third = dial();
  await third.failed('ECONNRESET');
  proxy.heal();
  const fourth = dial();
  fourth.socket.write('b');
  await fourth.answer('B');
});

it('rewrites', async () => {
  const { proxy, dial } = await lab();
  proxy.impose('toServer', {
    kind: 'rewrite',
    rewrite: (piece) => Buffer.from(piece.toString().replace('a', 'o')),
  });
  const client = dial();
  client.socket.write('cat');
  await client.answer('COT');
});

it('hands on more than fits into the buffers, to a slow reader', async () => {
  const { proxy, dial } = await lab();
  const client = dial();
  client.socket.pause();
  const text = 'x'.repeat(20 * 1024 * 1024);
  client.socket.write(text);
  proxy.impose('toClient', { kind: 'delay', ms: 20 });
  client.socket.resume();
  await expect.poll(() => client.answered.length, { timeout: 20_000 }).toBe(text.length);
});
