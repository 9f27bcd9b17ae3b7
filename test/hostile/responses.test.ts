import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { encodeMetadata, isCfluxError, LocalMetaClient } from 'clusterflux';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { balancer, isPoll } from '../faults/support/balancer.js';
import { openNode, until } from '../faults/support/nodes.js';
import { answer, rawServer } from '../support/raw-server.js';
import { serve } from '../support/serve.js';
import { httpTransport } from '../support/transports.js';
import { oddJson, oddNumber, oddText, settings } from './support/fuzz.js';

const limits = { maxSnapshotBytes: 50_000, maxAnswerBytes: 50_000 };

/** One line of a response's head, as a hostile server may send it. */
const visible = oddText.map((text) => text.replace(/[\r\n\0]/g, ' ').slice(0, 300));
const value = (...likely: string[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...likely) },
    { weight: 1, arbitrary: visible },
    { weight: 1, arbitrary: oddNumber.map(String) },
  );

const headers = fc.record(
  {
    Version: value('1', '7', '0', '-1', '9007199254740991', '9007199254740993', '1e3', '5, 6', ''),
    'Cflux-Epoch': value('e', 'another', '', 'x'.repeat(1_000)),
    'Cflux-Last-Mutation': value('m', ''),
    'Cflux-Outcome': value('refused', 'Refused', 'unknown'),
    'Content-Digest': value('sha-256=:AAAA:', 'sha-256=', 'md5=:AAAA:'),
    'Content-Type': value('text/html', 'application/problem+json', 'application/octet-stream'),
    'Content-Encoding': value('gzip', 'br', 'deflate', 'gzip, gzip', 'identity'),
    'Retry-After': value('0', '1', '-1', '1e9', '99999999999', 'Fri, 31 Dec 9999 23:59:59 GMT', 'soon'),
    Location: value('/', 'http://127.0.0.1:1/', 'file:///etc/passwd'),
    'Content-Length': value('0', '5', '99999999999', '-1', '+5'),
    'Transfer-Encoding': value('chunked', 'gzip, chunked', 'identity'),
    Connection: value('close', 'keep-alive', 'Upgrade'),
  },
  { requiredKeys: [] },
);

const node = fc.record(
  { id: oddJson, ip: oddJson, hostname: oddJson, bindAddress: oddJson, alive: oddJson },
  { requiredKeys: [] },
);
const body = fc.oneof(
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  fc.oneof(oddJson, node, fc.array(node)).map((json) => Buffer.from(JSON.stringify(json) ?? '')),
  fc.constantFrom(
    Buffer.alloc(0),
    Buffer.from('Key not found'),
    Buffer.from('{"id":9007199254740993}'),
    Buffer.from('{"id":-0.5}'),
    Buffer.from('[[[[['.repeat(5_000)),
    gzipSync(Buffer.alloc(5_000_000)),
    Buffer.alloc(60_000, 'x'),
  ),
);

const wild = fc
  .record({
    status: fc.oneof(
      fc.constantFrom(
        200,
        200,
        200,
        204,
        304,
        409,
        412,
        404,
        401,
        500,
        503,
        504,
        100,
        101,
        199,
        301,
        600,
        999,
      ),
      fc.integer({ min: 0, max: 1_000 }),
    ),
    headers,
    body,
    cut: fc.option(fc.nat(600), { nil: undefined, freq: 4 }),
    garbage: fc.option(fc.uint8Array({ maxLength: 30 }), { nil: undefined, freq: 15 }),
  })
  .map((parts) => {
    const bytes = parts.garbage ?? answer(parts.status, parts.headers, parts.body);
    return parts.cut === undefined ? Buffer.from(bytes) : Buffer.from(bytes.subarray(0, parts.cut));
  });

/** Right but for one or two things. */
const nearlyRight = fc
  .record({
    status: fc.constantFrom(200, 200, 204, 409, 412),
    headers,
    kept: fc.uniqueArray(fc.nat(11), { maxLength: 2 }),
    body: fc.oneof(
      body,
      fc
        .array(
          fc.record({
            id: fc.nat(),
            ip: fc.string(),
            hostname: fc.string(),
            bindAddress: fc.string(),
            alive: fc.boolean(),
          }),
        )
        .map((nodes) => Buffer.from(JSON.stringify(nodes))),
      fc.record({ id: oddNumber }).map((registered) => Buffer.from(JSON.stringify(registered))),
    ),
  })
  .map((parts) => {
    const odd = Object.entries(parts.headers).filter((_, at) => parts.kept.includes(at));
    return answer(parts.status, { Version: 7, ...Object.fromEntries(odd) }, parts.body);
  });

const hostile = fc.oneof(wild, nearlyRight);

describe('hostile responses', () => {
  it('R3, R24: whatever a manager responds, every call ends in time, with a result of its kind or a coded error', async () => {
    let bytes: Buffer = Buffer.alloc(0);
    const server = await rawServer((_, socket) => socket.end(bytes));
    const transport = httpTransport(server.url, {
      ...limits,
      retry: { attempts: 1 },
      bodyIdleTimeout: 1_000,
    });
    const within = { timeout: 5_000 };
    const calls = {
      register: async () => {
        const { id, expirationDate } = await transport.register(
          { cluster: 'c', node: { ip: '', hostname: 'h' } },
          within,
        );
        expect(Number.isSafeInteger(id) && id > 0 && typeof expirationDate === 'string').toBe(true);
      },
      heartbeat: async () => {
        expect(await transport.heartbeat({ cluster: 'c', nodeId: 1 }, within)).toBeUndefined();
      },
      nodes: async () => {
        for (const each of await transport.nodes({ cluster: 'c' }, within)) {
          expect(Number.isSafeInteger(each.id) && each.id > 0 && typeof each.alive === 'boolean').toBe(true);
          expect([each.ip, each.hostname, each.bindAddress].every((text) => typeof text === 'string')).toBe(
            true,
          );
        }
      },
      push: async () => {
        const push = { cluster: 'c', version: 4, snapshot: Buffer.from('x'), mutation: 'm' };
        const result = await transport.push(push, within);
        if (result.kind !== 'epochMismatch')
          expect(Number.isSafeInteger(result.version) && result.version > 0).toBe(true);
        if (result.kind === 'conflict') expect(result.snapshot?.length).toBeGreaterThan(0);
      },
      poll: async () => {
        const result = await transport.poll({ cluster: 'c', version: 4, wait: 0 }, within);
        if (result.kind === 'epochMismatch') expect(result.epoch).not.toBe('');
        if (result.version !== undefined) expect(Number.isSafeInteger(result.version)).toBe(true);
        if (result.kind === 'snapshot') {
          expect(result.version).toBeGreaterThan(0);
          expect(result.snapshot.length).toBeGreaterThan(0);
          expect(result.snapshot.length).toBeLessThanOrEqual(limits.maxSnapshotBytes);
        }
      },
    };
    const call = fc.constantFrom(...Object.values(calls));
    let results = 0;
    await fc.assert(
      fc.asyncProperty(hostile, call, async (answered, ask) => {
        bytes = answered;
        await ask().then(
          () => {
            results += 1;
          },
          (error: unknown) => {
            if (!isCfluxError(error)) throw error;
            if (error.retryAfter !== undefined) expect(error.retryAfter).toBeGreaterThanOrEqual(0);
            // A message is a line for people, not the page of another program.
            expect(error.message.length).toBeLessThan(1_000);
          },
        );
      }),
      settings(3),
    );
    expect(results).toBeGreaterThan(0);
    bytes = answer(200, { Version: 9 }, 'whole');
    expect(await transport.poll({ cluster: 'c', version: 4, wait: 0 })).toMatchObject({
      kind: 'snapshot',
      version: 9,
    });
    await expect.poll(() => server.open, { timeout: 5_000 }).toBeLessThanOrEqual(1);
  });

  it('R5, R11: whatever responds to its polls, a node keeps its metadata, and follows the manager when it is back', async () => {
    const { url } = await serve();
    const front = await balancer(url);
    const victim = await openNode(front.url, { haste: 50, retry: { attempts: 1 } });
    const other = await openNode(url, { haste: 1 });
    await other.client.createDatabase('kept');
    await until(() => victim.databases().includes('kept'), 'it follows');
    const epoch = victim.client.status.epoch ?? '';
    let answered = 0;
    let next: Buffer = Buffer.alloc(0);
    front.mischief = {
      request: (passage) => {
        if (!isPoll(passage)) return undefined;
        answered += 1;
        return next;
      },
    };
    await fc.assert(
      fc.asyncProperty(hostile, fc.boolean(), async (bytes, isOurEpoch) => {
        next = isOurEpoch
          ? Buffer.from(bytes.toString('latin1').replace(/another/g, epoch), 'latin1')
          : bytes;
        // Garbage may leave the connection without an end: the deadline of the call gives it up.
        await victim.client.refresh({ timeout: 2_000 }).catch((error: unknown) => {
          if (!isCfluxError(error)) throw error;
        });
        expect(victim.databases()).toEqual(['kept']);
      }),
      settings(),
    );
    expect(answered).toBeGreaterThan(20);
    front.mischief = {};
    await other.client.createDatabase('after');
    await until(() => victim.databases().includes('after'), 'it follows again');
    expect(victim.client.status.state).toBe('online');
    // No response made it change its history.
    expect(victim.client.status.epoch).toBe(epoch);
  });

  it('R11: a snapshot of another cluster, whole and signed, is refused whatever epoch, version and mutation come with it', async () => {
    const { url } = await serve();
    const front = await balancer(url);
    const victim = await openNode(front.url, { haste: 50, retry: { attempts: 1 } });
    await victim.client.createDatabase('ours');
    const stranger = new LocalMetaClient();
    await stranger.createDatabase('theirs');
    const snapshot = Buffer.from(encodeMetadata(stranger.data()));
    const digest = createHash('sha256').update(snapshot).digest('base64');
    const epochs = fc.option(fc.constantFrom('another', 'third'), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(epochs, fc.maxSafeNat(), fc.boolean(), async (epoch, version, isSigned) => {
        const bytes = answer(
          200,
          {
            Version: version,
            ...(epoch === undefined ? {} : { 'Cflux-Epoch': epoch }),
            ...(isSigned ? { 'Content-Digest': `sha-256=:${digest}:` } : {}),
          },
          snapshot,
        );
        front.mischief = { request: (passage) => (isPoll(passage) ? bytes : undefined) };
        await expect(victim.client.refresh({ timeout: 2_000 })).rejects.toMatchObject({ name: 'CfluxError' });
        expect(victim.databases()).toEqual(['ours']);
      }),
      settings(0.3),
    );
    front.mischief = {};
    await victim.client.adopt();
    expect(victim.databases()).toEqual(['ours']);
  });
});
