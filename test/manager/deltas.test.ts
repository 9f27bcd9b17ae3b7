import { createHash, randomBytes } from 'node:crypto';
import { Manager, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { applyDelta } from '../../src/delta/apply-delta.js';
import type { Delta } from '../../src/delta/delta.js';
import { parseVcdiff } from '../../src/delta/vcdiff/parse-vcdiff.js';
import { printVcdiff } from '../../src/delta/vcdiff/print-vcdiff.js';
import { serve } from '../support/serve.js';

const digestOf = (body: Uint8Array) => `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

/** A delta that replaces bytes of a base at `offset`. */
function replacing(base: Uint8Array, offset: number, text: string): Delta {
  const bytes = Buffer.from(text);
  const end = offset + bytes.length;
  return {
    length: base.length,
    instructions: [
      { from: 0, length: offset },
      { bytes, length: bytes.length },
      { from: end, length: base.length - end },
    ],
  };
}

interface PatchOptions {
  readonly version: number;
  readonly mutation: string;
  readonly epoch?: string;
  readonly digest?: string | undefined;
  readonly headers?: Record<string, string>;
}

/** A cluster with one version of random bytes, which do not compress. */
async function cluster(options: Parameters<typeof serve>[0] = {}, first: Uint8Array = randomBytes(20_000)) {
  const { url, manager } = await serve(options);
  const versions = `${url}/clusters/a/versions`;
  const pushed = await fetch(`${versions}/0`, {
    method: 'POST',
    body: first,
    headers: { 'cflux-mutation': 'm-0' },
  });
  const epoch = pushed.headers.get('cflux-epoch') ?? '';
  const patch = (
    bytes: Uint8Array,
    { version, mutation, digest, headers, epoch: named = epoch }: PatchOptions,
  ) =>
    fetch(`${versions}/${version}`, {
      method: 'PATCH',
      body: bytes,
      headers: {
        'content-type': 'application/vcdiff',
        'cflux-mutation': mutation,
        'cflux-epoch': named,
        ...(digest === undefined ? {} : { 'cflux-result-digest': digest }),
        ...headers,
      },
    });
  const state = { version: Number(pushed.headers.get('version')), bytes: first };
  let changes = 0;
  /** Pushes another change as a delta. */
  const change = async (text?: string) => {
    changes += 1;
    const delta = replacing(state.bytes, 100 * changes, text ?? `change ${changes}`);
    const target = applyDelta(delta, state.bytes);
    const mutation = `m-${changes}`;
    const response = await patch(printVcdiff(delta), {
      version: state.version,
      mutation,
      digest: digestOf(target),
    });
    expect(response.status).toBe(200);
    state.version = Number(response.headers.get('version'));
    state.bytes = target;
    return { ...state, mutation };
  };
  const poll = (version: number, headers: Record<string, string> = {}, wait = 0) =>
    fetch(`${versions}/${version}`, {
      headers: {
        prefer: `wait=${wait}`,
        'cflux-epoch': epoch,
        'a-im': 'vcdiff',
        'if-none-match': `"${epoch}/${version}"`,
        ...headers,
      },
    });
  return { url, manager, versions, epoch, state, patch, change, poll };
}

async function resultOf(response: Response, base: Uint8Array): Promise<Buffer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  return applyDelta(parseVcdiff(bytes, { baseLength: base.length, maxLength: 1e6 }), base);
}

describe('R29: a poll that accepts deltas', () => {
  it('gets the delta from its version, with its base, its tag and the digest of its result', async () => {
    const { state, change, poll, epoch } = await cluster();
    const before = { ...state };
    const after = await change();
    const response = await poll(before.version);
    expect(response.status).toBe(226);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      im: 'vcdiff',
      'delta-base': `"${epoch}/${before.version}"`,
      etag: `"${epoch}/${after.version}"`,
      version: String(after.version),
      'cflux-epoch': epoch,
      'cflux-last-mutation': after.mutation,
      'cflux-result-digest': digestOf(after.bytes),
      'cache-control': 'no-store',
    });
    expect(Number(response.headers.get('content-length'))).toBeLessThan(60);
    expect((await resultOf(response, before.bytes)).equals(after.bytes)).toBe(true);
  });

  it('gets it when it was held, too', async () => {
    const { manager, state, change, poll } = await cluster();
    const before = { ...state };
    const held = poll(before.version, {}, 60);
    await expect.poll(() => manager.heldPolls).toBe(1);
    const after = await change();
    const response = await held;
    expect(response.status).toBe(226);
    expect((await resultOf(response, before.bytes)).equals(after.bytes)).toBe(true);
  });

  it('gets one composed delta for up to ten versions, and a snapshot for more', async () => {
    const { state, change, poll } = await cluster();
    const seen = [{ ...state }];
    for (let i = 0; i < 12; i++) seen.push(await change());
    const newest = seen.at(-1);
    for (const [position, { version, bytes }] of seen.entries()) {
      const behind = seen.length - 1 - position;
      const response = await poll(version);
      expect([behind, response.status]).toEqual([behind, behind === 0 ? 204 : behind <= 10 ? 226 : 200]);
      if (response.status === 226) {
        expect((await resultOf(response, bytes)).equals(newest?.bytes ?? Buffer.alloc(0))).toBe(true);
      }
    }
  });

  it.each([
    ['without A-IM', { 'a-im': '' }],
    ['with A-IM of another kind', { 'a-im': 'gzip, diffe' }],
    ['with A-IM that excludes VCDIFF', { 'a-im': 'vcdiff;q=0' }],
    ['without the tag of its version', { 'if-none-match': '' }],
    ['with any tag', { 'if-none-match': '*' }],
    ['with a tag that is not quoted', { 'if-none-match': 'e/1' }],
  ])('gets a snapshot %s', async (_, headers) => {
    const { state, change, poll } = await cluster();
    const before = { ...state };
    await change();
    const response = await poll(before.version, headers);
    expect([response.status, response.headers.get('im'), response.headers.get('delta-base')]).toEqual([
      200,
      null,
      null,
    ]);
  });

  it('is understood in lists, in any case, and without the epoch besides the tag', async () => {
    const { versions, epoch, state, change } = await cluster();
    const { version } = state;
    await change();
    const tag = `"${epoch}/${version}"`;
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${versions}/${version}`, { headers })).status;
    expect(await status({ 'A-IM': 'gzip, VCDIFF;q=0.5', 'If-None-Match': `"x", ${tag}` })).toBe(226);
    expect(await status({ 'A-IM': 'vcdiff', 'If-None-Match': `W/${tag}` })).toBe(200);
    expect(await status({ 'A-IM': 'vcdiff', 'If-None-Match': `"other/${version}"` })).toBe(200);
    expect(await status({ 'A-IM': 'vcdiff', 'If-None-Match': `"${epoch}/${version + 1}"` })).toBe(200);
  });

  it('never gets 304: the version in the path decides', async () => {
    const { poll, state, epoch } = await cluster();
    const tag = `"${epoch}/${state.version}"`;
    expect((await poll(0, { 'if-none-match': tag })).status).toBe(200);
    expect((await poll(state.version)).status).toBe(204);
  });

  it('gets a snapshot after a push of a snapshot, and deltas of the changes after it', async () => {
    const { versions, state, change, poll, epoch } = await cluster();
    const first = { ...state };
    await change();
    const whole = randomBytes(20_000);
    const pushed = await fetch(`${versions}/${state.version}`, {
      method: 'POST',
      body: whole,
      headers: { 'cflux-epoch': epoch },
    });
    const before = { version: Number(pushed.headers.get('version')), bytes: whole };
    Object.assign(state, before);
    expect((await poll(first.version)).status).toBe(200);
    await change();
    expect((await poll(first.version)).status).toBe(200);
    expect((await poll(before.version)).status).toBe(226);
  });

  it('gets a snapshot if the delta is larger than half of it when compressed', async () => {
    const { state, change, poll } = await cluster({}, Buffer.alloc(100_000));
    const before = { ...state };
    await change(randomBytes(200).toString('hex'));
    const response = await poll(before.version, { 'accept-encoding': 'gzip' });
    expect([response.status, response.headers.get('content-encoding')]).toEqual([200, 'gzip']);
    expect((await response.arrayBuffer()).byteLength).toBe(100_000);
  });

  it('gets a snapshot for a version that another mutation made', async () => {
    const { state, change, poll } = await cluster();
    await change();
    const before = { ...state };
    await change();
    expect((await poll(before.version, { 'cflux-mutation': 'm-1' })).status).toBe(226);
    expect((await poll(before.version, { 'cflux-mutation': 'of another history' })).status).toBeGreaterThan(
      399,
    );
  });
});

describe('R29: a conflict of a push that accepts deltas', () => {
  it.each(['POST', 'PATCH'])('is a 409 with the delta from the version in the path (%s)', async (method) => {
    const { versions, state, change, epoch } = await cluster();
    const before = { ...state };
    const after = await change();
    const type = method === 'PATCH' ? { 'content-type': 'application/vcdiff' } : {};
    const delta = printVcdiff(replacing(before.bytes, 7, 'lost'));
    const response = await fetch(`${versions}/${before.version}`, {
      method,
      body: method === 'PATCH' ? delta : 'another snapshot',
      headers: {
        ...type,
        'cflux-epoch': epoch,
        'cflux-result-digest': digestOf(applyDelta(replacing(before.bytes, 7, 'lost'), before.bytes)),
        'a-im': 'vcdiff',
        'cflux-mutation': 'lost',
      },
    });
    expect(response.status).toBe(409);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      im: 'vcdiff',
      'delta-base': `"${epoch}/${before.version}"`,
      etag: `"${epoch}/${after.version}"`,
      version: String(after.version),
      'cflux-last-mutation': after.mutation,
      'cflux-result-digest': digestOf(after.bytes),
      'cache-control': 'no-store',
    });
    expect((await resultOf(response, before.bytes)).equals(after.bytes)).toBe(true);
  });

  it('is a 409 with the snapshot without A-IM, and from a version that is not known', async () => {
    const { versions, state, change, epoch } = await cluster();
    const { version } = state;
    const after = await change();
    for (const [path, headers] of [
      [version, {}],
      [version - 1, { 'a-im': 'vcdiff' }],
    ] as const) {
      const response = await fetch(`${versions}/${path}`, {
        method: 'POST',
        body: 'x',
        headers: { 'cflux-epoch': epoch, ...headers },
      });
      expect([response.status, response.headers.get('im')]).toEqual([409, null]);
      expect(Buffer.from(await response.arrayBuffer()).equals(after.bytes)).toBe(true);
    }
  });
});

describe('a pushed delta', () => {
  it('R29: is stored as the snapshot that it produces', async () => {
    const { manager, change, state } = await cluster();
    await change();
    expect(Buffer.from(await manager.version('a', state.version)).equals(Buffer.from(state.bytes))).toBe(
      true,
    );
  });

  it('R27: with a known mutation is acknowledged again, as a delta and as a snapshot, however many versions later', async () => {
    const { versions, epoch, state, patch, change } = await cluster();
    const before = { ...state };
    const delta = replacing(before.bytes, 100, 'once');
    const target = applyDelta(delta, before.bytes);
    const request = { version: before.version, mutation: 'once', digest: digestOf(target) };
    const first = await patch(printVcdiff(delta), request);
    const version = first.headers.get('version');
    Object.assign(state, { version: Number(version), bytes: target });
    for (let i = 0; i < 15; i++) {
      const again = await patch(printVcdiff(delta), request);
      expect([again.status, again.headers.get('version')]).toEqual([200, version]);
      await change();
    }
    const whole = await fetch(`${versions}/${before.version}`, {
      method: 'POST',
      body: target,
      headers: { 'cflux-mutation': 'once', 'cflux-epoch': epoch },
    });
    expect([whole.status, whole.headers.get('version')]).toEqual([200, version]);
  });

  it('R20: from a version that is not the newest is a conflict, and stores nothing', async () => {
    const { manager, state, patch, change } = await cluster();
    const before = { ...state };
    const after = await change();
    const delta = replacing(before.bytes, 100, 'lost');
    const digest = digestOf(applyDelta(delta, before.bytes));
    const lost = await patch(printVcdiff(delta), { version: before.version, mutation: 'lost', digest });
    expect([lost.status, lost.headers.get('version')]).toEqual([409, String(after.version)]);
    expect((await manager.history('a')).length).toBe(2);
  });

  it('R29: is refused if anything about it is wrong, and nothing is stored', async () => {
    const { manager, state, patch } = await cluster();
    const { version, bytes } = state;
    const delta = replacing(bytes, 100, 'new');
    const printed = printVcdiff(delta);
    const right = { version, mutation: 'odd', digest: digestOf(applyDelta(delta, bytes)) };
    const cases: [string, number, Promise<Response>][] = [
      [
        'another type',
        415,
        patch(printed, { ...right, headers: { 'content-type': 'application/octet-stream' } }),
      ],
      ['no digest', 400, patch(printed, { ...right, digest: undefined })],
      ['the digest of something else', 400, patch(printed, { ...right, digest: digestOf(bytes) })],
      ['a digest of another algorithm', 400, patch(printed, { ...right, digest: 'sha-512=:AAAA:' })],
      ['no VCDIFF', 400, patch(Buffer.from('not a delta'), right)],
      ['a delta that ends early', 400, patch(printed.subarray(0, -2), right)],
      ['an empty delta', 400, patch(Buffer.alloc(0), right)],
      ['an empty result', 400, patch(printVcdiff({ length: 0, instructions: [] }), right)],
      ['a result above the limit', 413, patch(bombOf(bytes.length), right)],
      ['a body above the limit', 413, patch(randomBytes(300_000), right)],
      ['an unknown base', 404, patch(printed, { ...right, version: version - 5 })],
      ['another epoch', 412, patch(printed, { ...right, epoch: 'another' })],
      ['a damaged body', 400, patch(printed, { ...right, headers: { 'content-digest': digestOf(bytes) } })],
    ];
    for (const [what, status, response] of cases) {
      const { status: actual, headers } = await response;
      expect([what, actual, headers.get('cflux-outcome')]).toEqual([what, status, 'refused']);
      expect([what, headers.get('accept-patch')]).toEqual([what, 'application/vcdiff']);
    }
    expect((await manager.history('a')).length).toBe(1);
  });

  it('R29: to a cluster without data is refused: there is no base', async () => {
    const { url } = await serve();
    const response = await fetch(`${url}/clusters/new/versions/0`, {
      method: 'PATCH',
      body: printVcdiff({ length: 1, instructions: [{ bytes: Buffer.from('x'), length: 1 }] }),
      headers: { 'content-type': 'application/vcdiff', 'cflux-result-digest': digestOf(Buffer.from('x')) },
    });
    expect([response.status, response.headers.get('cflux-outcome')]).toEqual([404, 'refused']);
  });

  it('R24: counts its memory and that of its result before anything is applied', async () => {
    const manager = new Manager({ store: new MemoryStore() });
    onTestFinished(() => manager.close());
    const base = randomBytes(5_000);
    const first = await manager.push({ cluster: 'a', version: 0, snapshot: base, mutation: 'm-0' });
    if (first.kind !== 'committed') throw new Error(first.kind);
    const delta = replacing(base, 10, 'x');
    const target = applyDelta(delta, base);
    const request = {
      cluster: 'a',
      version: first.version,
      mutation: 'm-1',
      delta: { bytes: printVcdiff(delta), digest: digestOf(target) },
    };
    const full = new Error('no room');
    const asked: number[] = [];
    const reserve = (bytes: number) => {
      asked.push(bytes);
      if (bytes === target.length) throw full;
    };
    await expect(manager.push(request, { reserve })).rejects.toMatchObject({ message: 'no room' });
    expect(asked).toEqual([request.delta.bytes.length * 128, target.length]);
    expect((await manager.history('a')).length).toBe(1);
    expect(await manager.push(request)).toMatchObject({ kind: 'committed' });
  });

  it('R29: in the same process continues as a snapshot if the delta cannot be used', async () => {
    const manager = new Manager({ store: new MemoryStore() });
    onTestFinished(() => manager.close());
    const base = randomBytes(5_000);
    const first = await manager.push({ cluster: 'a', version: 0, snapshot: base, mutation: 'm-0' });
    const snapshot = randomBytes(5_000);
    const delta = { bytes: Buffer.from('no delta'), digest: digestOf(snapshot) };
    const pushed = await manager.push({
      cluster: 'a',
      version: first.version ?? 0,
      snapshot,
      delta,
      mutation: 'm-1',
    });
    expect(pushed.kind).toBe('committed');
    expect(Buffer.from(await manager.version('a', pushed.version ?? 0)).equals(snapshot)).toBe(true);
  });
});

/** A delta of a few bytes whose result is larger than a manager accepts: it copies the whole base again and again. */
function bombOf(length: number): Buffer {
  const instructions = Array.from({ length: 4_000 }, () => ({ from: 0, length }));
  return printVcdiff({ length: 4_000 * length, instructions });
}
