import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { connect, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { BodyBytes } from '../../src/manager/http/body-bytes.js';
import { SentBodies } from '../../src/manager/http/sent-bodies.js';
import { systemRandom } from '../../src/random.js';
import { RawClient } from '../support/raw-client.js';
import { serve } from '../support/serve.js';

const snapshotBytes = 1_000_000;
/** A quarter is the largest snapshot, half is two. */
const limits = { snapshotBytes, bodyBytes: 4 * snapshotBytes };

const push = (url: string, cluster: string, version: string | number, body: Buffer, headers = {}) =>
  fetch(`${url}/clusters/${cluster}/versions/${version}`, { method: 'POST', body, headers });
const gzipped = { 'content-encoding': 'gzip' };

/** Begins a push of `stated` bytes and sends `sent` of them. */
async function begin(url: string, cluster: string, stated: number, sent: number, headers: string[] = []) {
  const client = await RawClient.connect(url);
  const lines = [
    `POST /clusters/${cluster}/versions/0 HTTP/1.1`,
    'Host: 127.0.0.1',
    `Content-Length: ${stated}`,
  ];
  client.send([...lines, ...headers], Buffer.alloc(sent, 'x'));
  return client;
}

/** Resolves when a push to `cluster` of the largest snapshot is refused for want of room. */
const refusal = (url: string, cluster: string) =>
  expect.poll(async () => (await push(url, cluster, 0, Buffer.alloc(snapshotBytes, 'x'))).status).toBe(503);

describe('R24: the bytes of bodies', () => {
  it('a body that does not fit is refused before it is unpacked, as certainly not stored', async () => {
    const { url } = await serve({ limits });
    const clients = [];
    for (let i = 0; i < 3; i++) clients.push(await begin(url, 'a', snapshotBytes, 999_000));
    await refusal(url, 'a');
    const small = gzipSync(Buffer.alloc(snapshotBytes));
    const refused = await push(url, 'a', 0, small, gzipped);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused.headers.get('cflux-outcome')).toBe('refused');
    for (const client of clients) client.socket.destroy();
    await expect.poll(async () => (await push(url, 'a', 0, small, gzipped)).status).toBe(200);
  });

  it('the largest snapshot gets through alone, however it comes', async () => {
    const { url } = await serve({ limits: { snapshotBytes, bodyBytes: 1 } });
    const body = randomBytes(snapshotBytes);
    const chunked = new ReadableStream({
      start(controller) {
        for (let at = 0; at < body.byteLength; at += 1_000) controller.enqueue(body.subarray(at, at + 1_000));
        controller.close();
      },
    });
    const init: RequestInit & { duplex: string } = { method: 'POST', body: chunked, duplex: 'half' };
    expect((await fetch(`${url}/clusters/chunked/versions/0`, init)).status).toBe(200);
    expect((await push(url, 'plain', 0, body)).status).toBe(200);
    const compressed = gzipSync(body.subarray(0, snapshotBytes - 1_000), { level: 0 });
    expect((await push(url, 'compressed', 0, compressed, gzipped)).status).toBe(200);
    for (const cluster of ['chunked', 'plain']) {
      const answer = await fetch(`${url}/clusters/${cluster}/versions/0`);
      expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
    }
  });

  it('a length that is only stated takes no room', async () => {
    const { url } = await serve({ limits });
    for (let i = 0; i < 20; i++) await begin(url, 'a', snapshotBytes, 10);
    expect((await push(url, 'a', 0, Buffer.alloc(snapshotBytes, 'x'))).status).toBe(200);
  });

  it.each([
    ['too little', (size: number) => size - 500_000],
    ['too much', (size: number) => size + 50_000],
    ['nonsense', () => 0xffff_ffff],
  ])('gzip that states %s is unpacked all the same', async (_, statement) => {
    const { url } = await serve({ limits });
    const body = Buffer.alloc(900_000, 'snapshot');
    const lying = gzipSync(body);
    // In two members: only the size of the last one is stated.
    const members = Buffer.concat([gzipSync(body.subarray(0, 600_000)), gzipSync(body.subarray(600_000))]);
    lying.writeUInt32LE(statement(body.byteLength), lying.byteLength - 4);
    expect((await push(url, 'a', 0, lying, gzipped)).status).toBe(400);
    expect((await push(url, 'a', 0, members, gzipped)).status).toBe(200);
    const answer = await fetch(`${url}/clusters/a/versions/0`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
    // Nothing is left behind that takes room.
    for (let i = 0; i < 8; i++) expect((await push(url, 'b', 0, lying, gzipped)).status).toBe(400);
    expect((await push(url, 'b', 0, Buffer.alloc(snapshotBytes, 'x'))).status).toBe(200);
  });

  it('gzip that hides its size is refused at the limit', async () => {
    const { url } = await serve({ limits });
    const bomb = Buffer.concat([gzipSync(Buffer.alloc(5_000_000)), gzipSync(Buffer.from('x'))]);
    expect((await push(url, 'a', 0, bomb, gzipped)).status).toBe(413);
  });

  it('a cluster that floods leaves room for another one', async () => {
    const tokens = ['a', 'b'].map((name) => ({
      name,
      token: `token-of-the-bearer-${name}`,
      scopes: ['node'] as const,
    }));
    const { url } = await serve({ limits }, { tokens });
    const bearer = (name: string) => `Authorization: Bearer token-of-the-bearer-${name}`;
    for (let i = 0; i < 8; i++) await begin(url, 'a', snapshotBytes, 999_000, [bearer('a')]);
    const authorization = (name: string) => ({ authorization: bearer(name).slice('Authorization: '.length) });
    const body = gzipSync(Buffer.alloc(snapshotBytes));
    const pushed = (cluster: string, name: string) =>
      push(url, cluster, 0, body, { ...gzipped, ...authorization(name) }).then(({ status }) => status);
    await expect.poll(() => pushed('a', 'a')).toBe(503);
    expect(await pushed('c', 'a')).toBe(503);
    expect(await pushed('a', 'b')).toBe(503);
    expect(await pushed('b', 'b')).toBe(200);
  });

  it('pushes to a cluster are counted from their first byte on', async () => {
    const { url } = await serve({ limits: { heldPushes: 3 } });
    const clients = [];
    for (let i = 0; i < 3; i++) clients.push(await begin(url, 'a', 10, 1));
    await expect.poll(async () => (await push(url, 'a', 0, Buffer.from('x'))).status).toBe(503);
    expect((await push(url, 'b', 0, Buffer.from('x'))).status).toBe(200);
    for (const client of clients) client.socket.destroy();
    await expect.poll(async () => (await push(url, 'a', 0, Buffer.from('x'))).status).toBe(200);
  });

  it('one byte a chunk takes little more room than the bytes', async () => {
    const { url } = await serve({ limits });
    const client = await RawClient.connect(url);
    client.send(['POST /clusters/a/versions/0 HTTP/1.1', 'Host: 127.0.0.1', 'Transfer-Encoding: chunked']);
    client.socket.write('1\r\nx\r\n'.repeat(50_000));
    client.socket.write('0\r\n\r\n');
    expect((await client.answer()).status).toBe(200);
    const answer = await fetch(`${url}/clusters/a/versions/0`);
    expect(await answer.text()).toBe('x'.repeat(50_000));
  });

  it('readers that do not read are cut off when a newer version needs their room', async () => {
    let waited = 0;
    const clock = { ...systemClock, monotonic: () => waited };
    // More than the buffers of a connection take.
    const large = 16_000_000;
    const { url } = await serve({ limits: { snapshotBytes: large, bodyBytes: 4 * large }, clock });
    const store = async (cluster: string, base: string, body: Buffer) =>
      (await push(url, cluster, base, body)).headers.get('version') ?? '';
    const newest = (cluster: string) => fetch(`${url}/clusters/${cluster}/versions/0`);
    let version = '0';
    for (let reader = 0; reader < 2; reader++) {
      version = await store('a', version, randomBytes(large));
      const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
      onTestFinished(() => void socket.destroy());
      socket.write('GET /clusters/a/versions/0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      await once(socket, 'readable');
    }
    const body = randomBytes(large);
    version = await store('a', version, body);
    const refused = await newest('a');
    expect([refused.status, refused.headers.get('cflux-outcome')]).toEqual([503, 'refused']);
    // Another cluster has room of its own.
    await store('b', '0', body);
    expect((await newest('b')).status).toBe(200);
    waited += 6_000;
    expect((await fetch(`${url}/clusters/a/history/${version}`)).status).toBe(503);
    const answer = await newest('a');
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
  });

  it('a body for a client that is gone before its response begins takes no room', async () => {
    const bytes = new BodyBytes(10_000_000, 1_000_000, systemRandom);
    const sent = new SentBodies(bytes, { clock: systemClock, random: systemRandom });
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    response.destroy();
    sent.send(response, Buffer.alloc(1_000_000), { cluster: 'a', status: 200, headers: [] });
    expect(bytes.taken).toBe(0);
  });
});
