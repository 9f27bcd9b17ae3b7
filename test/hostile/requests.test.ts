import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serve } from '../support/serve.js';
import { oddJson, oddText, settings } from './support/fuzz.js';

const secret = 'what the canary knows';
const snapshotBytes = 100_000;

/** A manager with a cluster that no hostile request names, and what shows whether it is still served rightly. */
async function target() {
  const { url, manager, server } = await serve({ limits: { snapshotBytes } }, { requestTimeout: 15_000 });
  const canary = `${url}/clusters/canary/versions`;
  const stored = await fetch(`${canary}/0`, { method: 'POST', body: secret });
  const version = stored.headers.get('version');
  const { id } = (await (await fetch(`${url}/nodes/canary`, { method: 'POST', body: '{}' })).json()) as {
    id: number;
  };
  return {
    url,
    manager,
    server,
    /** A valid request, a valid poll and a valid heartbeat get their usual responses. */
    async isWell() {
      expect((await fetch(`${url}/health`)).status).toBe(200);
      const polled = await fetch(`${canary}/0`, { headers: { prefer: 'wait=0' } });
      expect([polled.headers.get('version'), await polled.text()]).toEqual([version, secret]);
      expect((await fetch(`${url}/nodes/canary/${id}`, { method: 'PUT' })).status).toBe(200);
    },
  };
}

/**
 * Sends `pieces` one after the other, ends after `patience` milliseconds or as soon as `answers` responses are there, and returns all
 * that came back; rejects where the server does not end then.
 */
function exchange(url: string, pieces: readonly Buffer[], answers = 1, patience = 100): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(Number(port), hostname);
    const hanging = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end after 20 s; so far: ${received}`));
    }, 20_000);
    // A client that ends gets no more responses: requests under way need a moment.
    const ending = setTimeout(() => socket.end(), patience);
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      if (statuses(received).length >= answers) socket.end();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(hanging);
      clearTimeout(ending);
      resolve(received);
    });
    socket.on('connect', async () => {
      for (const piece of pieces) {
        if (socket.writable) socket.write(piece);
        await new Promise((next) => setImmediate(next));
      }
    });
  });
}

const statuses = (received: string) =>
  [...received.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));

const cutInto = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const at = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
};

const name = fc.oneof(
  fc.constantFrom('a', 'b', '%61', '..', 'x'.repeat(300), '%', '%ff', 'a+b', '__proto__', '%00', ''),
  oddText.map((text) => encodeURIComponent(Buffer.from(text).toString())),
);
const number = fc.oneof(
  fc.constantFrom('0', '1', '-1', '00', '1.5', '9007199254740993', '1e3', 'x', '99999999999999999999', ''),
  fc.nat().map(String),
);
const usually = <T>(most: fc.Arbitrary<T>, rarely: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: most }, { weight: 1, arbitrary: rarely });
const path = usually(
  fc.oneof(
    fc.tuple(name, number).map(([cluster, version]) => `/clusters/${cluster}/versions/${version}`),
    fc.tuple(name, number).map(([cluster, version]) => `/clusters/${cluster}/history/${version}`),
    name.map((cluster) => `/clusters/${cluster}/history`),
    name.map((cluster) => `/clusters/${cluster}`),
    name.map((cluster) => `/nodes/${cluster}`),
    fc.tuple(name, number).map(([cluster, id]) => `/nodes/${cluster}/${id}`),
    fc.constantFrom(
      '/',
      '/nodes',
      '/clusters',
      '/health',
      '/ready',
      '/metrics',
      'http://x/nodes',
      '//',
      '/a?b#c',
    ),
  ),
  fc.oneof(fc.constant('*'), oddText),
);
const method = usually(
  fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  fc.oneof(fc.constantFrom('HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'get', 'PRI'), oddText),
);
const header = fc.tuple(
  usually(
    fc.constantFrom(
      ...[
        'Cflux-Epoch',
        'Cflux-Mutation',
        'Cflux-Node',
        'Cflux-Offer',
        'Cflux-Leaving',
        'Content-Digest',
        'Digest',
      ],
      ...[
        'Content-Encoding',
        'Accept',
        'Accept-Encoding',
        'Authorization',
        'Expect',
        'Connection',
        'Upgrade',
        'Host',
      ],
    ),
    oddText,
  ),
  usually(
    fc.constantFrom(
      ...[
        '1',
        '-1',
        'x/1',
        'x/0',
        'true',
        'gzip',
        'br',
        'gzip, gzip',
        'identity',
        '100-continue',
        'Bearer x',
        'h2c',
      ],
      ...[
        'application/problem+json',
        'sha-256=:AAAA:',
        'sha-256=',
        'wait=99999999999',
        'wait=-1',
        'close',
        'websocket',
      ],
    ),
    oddText,
  ),
);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  oddJson.map((json) => Buffer.from(JSON.stringify(json) ?? 'undefined')),
  fc
    .record({ ip: oddJson, hostname: oddJson, bindAddress: oddJson, addresses: oddJson })
    .map((node) => Buffer.from(JSON.stringify(node))),
  fc.constantFrom(
    gzipSync(Buffer.alloc(10_000_000)),
    gzipSync('small'),
    gzipSync('cut').subarray(0, 12),
    Buffer.alloc(snapshotBytes + 1),
  ),
);
const framing = usually<(body: Buffer) => string[]>(
  fc.constant((bytes) => [`Content-Length: ${bytes.length}`]),
  fc.oneof(
    fc.constant((bytes: Buffer) => [`Content-Length: ${bytes.length + 7}`]),
    fc.constant(() => []),
    fc.constant(() => ['Transfer-Encoding: chunked']),
    oddText.map((text) => () => [`Content-Length: ${text}`]),
  ),
);

const request = fc
  .record({
    method,
    path,
    version: usually(fc.constant('HTTP/1.1'), fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', '')),
    headers: fc.array(header, { maxLength: 6 }),
    body,
    framing,
    newline: usually(fc.constant('\r\n'), fc.constantFrom('\n', '\r')),
  })
  .map((parts) => {
    const lines = [
      `${parts.method} ${parts.path} ${parts.version}`,
      'Host: localhost',
      // Held polls are another test's.
      'Prefer: wait=0',
      ...parts.headers.map(([key, value]) => `${key}: ${value}`),
      ...parts.framing(parts.body),
    ];
    const head = Buffer.from(`${lines.join(parts.newline)}${parts.newline.repeat(2)}`, 'latin1');
    return Buffer.concat([head, parts.body]);
  });

const cuts = fc.array(fc.nat(20_000), { maxLength: 4 });

describe('hostile requests', () => {
  it('R24: whatever is sent, nothing fails inside, hangs, or shows what is of another cluster', async () => {
    const { url, manager, isWell } = await target();
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 3 }), cuts, async (requests, places) => {
        const received = await exchange(url, cutInto(Buffer.concat(requests), places), requests.length);
        for (const status of statuses(received)) {
          seen.add(status);
          // 503: an offer, or another epoch, made a cluster without data collect what nodes have (R11).
          if (status !== 503) expect(status, received).toBeLessThan(500);
        }
        // Listings name clusters; nothing but its own polls shows what is in one.
        expect(received).not.toContain(secret);
      }),
      settings(2),
    );
    await isWell();
    expect(manager.heldPolls).toBe(0);
    expect(manager.lastError).toBeUndefined();
    // The generator reaches more than the parser's refusals.
    for (const status of [200, 400, 404]) expect(seen).toContain(status);
  });

  it('R24: bytes that are no HTTP at all are refused', async () => {
    const { url, isWell } = await target();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), cuts, async (bytes, places) => {
        const received = await exchange(url, cutInto(Buffer.from(bytes), places));
        for (const status of statuses(received)) expect(status).toBe(400);
      }),
      settings(),
    );
    await isWell();
  });

  it('R24: of two framings of one body neither is believed, and what hides in it is never done', async () => {
    const { url, isWell } = await target();
    const hidden =
      'POST /clusters/smuggled/versions/0 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\ntwo';
    const length = fc
      .tuple(
        fc.constantFrom('Content-Length', 'content-length', 'Content-Length ', 'CONTENT-LENGTH'),
        fc.constantFrom('3', '0', '+3', '03', '3, 3', '0x3', '3 ', ' 3', '1e1', '-1', '3;'),
      )
      .map(([key, value]) => `${key}: ${value}`);
    const chunked = fc
      .tuple(
        fc.constantFrom(
          'Transfer-Encoding',
          'transfer-encoding',
          'Transfer-Encoding ',
          'Transfer-Encoding\t',
          '\tTransfer-Encoding',
        ),
        fc.constantFrom(
          'chunked',
          'Chunked',
          'xchunked',
          'chunked, identity',
          'identity',
          'identity, chunked',
          '"chunked"',
          'chunked;x',
          '\vchunked',
          'chun\0ked',
        ),
      )
      .map(([key, value]) => `${key}: ${value}`);
    const separator = fc.constantFrom('\r\n', '\n', '\r', '\r\n ', '\r\r\n');
    await fc.assert(
      fc.asyncProperty(length, chunked, separator, fc.boolean(), async (one, other, between, isSwapped) => {
        const framings = isSwapped ? `${other}${between}${one}` : `${one}${between}${other}`;
        const head = `POST /clusters/a/versions/0 HTTP/1.1\r\nHost: localhost\r\n${framings}\r\n\r\n`;
        // By its chunks, and by a length of 3, another thing follows here.
        const received = await exchange(url, [Buffer.from(`${head}0\r\n\r\n${hidden}`, 'latin1')]);
        expect(
          statuses(received).filter((status) => status < 400),
          received,
        ).toEqual([]);
      }),
      settings(),
    );
    const listed = (await (await fetch(`${url}/clusters`)).json()) as { cluster: string }[];
    expect(listed.map(({ cluster }) => cluster)).toEqual(['canary']);
    await isWell();
  });

  it('R24: bombs, slow and endless bodies take no memory, and delay no other request', async () => {
    const { url, isWell } = await target();
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    const head = (extra: string) =>
      Buffer.from(`POST /clusters/a/versions/0 HTTP/1.1\r\nHost: localhost\r\n${extra}\r\n\r\n`);
    const before = process.memoryUsage().rss;
    let most = before;
    const sampling = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 5);
    const bombs = Array.from({ length: 20 }, () => {
      // Each compressed in itself is more than the limit, or less.
      const bytes = bomb.subarray(0, 90_000);
      return exchange(
        url,
        [head(`Content-Encoding: gzip\r\nContent-Length: ${bytes.length}`), bytes],
        1,
        15_000,
      );
    });
    const endless = Array.from({ length: 20 }, () => {
      const chunk = Buffer.from(`4000\r\n${'x'.repeat(16_384)}\r\n`);
      return exchange(
        url,
        [head('Transfer-Encoding: chunked'), ...Array.from({ length: 200 }, () => chunk)],
        1,
        15_000,
      );
    });
    await isWell();
    for (const received of await Promise.all([...bombs, ...endless]))
      expect(received).toMatch(/^HTTP\/1\.1 413 /);
    clearInterval(sampling);
    expect(most - before).toBeLessThan(150_000_000);
    await isWell();
  });

  it('R24: hundreds of abandoned polls are released', async () => {
    const { url, manager, isWell } = await target();
    const { hostname, port } = new URL(url);
    const extras = ['', 'Prefer: wait=300\r\n', 'Cflux-Node: 7\r\n'];
    const sockets = Array.from({ length: 500 }, (_, at) => {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      socket.write(`GET /clusters/a/versions/0 HTTP/1.1\r\nHost: localhost\r\n${extras[at % 3]}\r\n`);
      return socket;
    });
    await expect.poll(() => manager.heldPolls, { timeout: 20_000 }).toBe(500);
    await isWell();
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => manager.heldPolls, { timeout: 20_000 }).toBe(0);
    await isWell();
  });
});
