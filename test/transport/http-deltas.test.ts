import { createHash } from 'node:crypto';
import { HttpTransport, isCfluxError, type PushRequest } from 'clusterflux';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpAttempts } from '../../src/transport/http-attempts.js';
import { answer, type RawRequest, rawServer } from '../support/raw-server.js';

const digest = `sha-256=:${createHash('sha256').update('whole').digest('base64')}:`;
const snapshot = Buffer.from('whole');
const delta = () => ({ bytes: Buffer.from('a delta'), digest });
const aPush = (change: Partial<PushRequest> = {}): PushRequest => ({
  cluster: 'c',
  version: 7,
  epoch: 'e',
  snapshot,
  mutation: 'm',
  delta: delta(),
  ...change,
});
const stored = { Version: 8, 'Cflux-Epoch': 'e', 'Accept-Patch': 'application/vcdiff' };
const unchanged = answer(204, { ...stored, Version: 7 });

/** A server that accepts deltas, and what it responds to each push in turn; a transport that knows it. */
async function connected(...responses: (Buffer | 'cut')[]) {
  const server = await rawServer((request, socket) => {
    const response = request.method === 'GET' ? unchanged : responses.shift();
    if (response === 'cut' || response === undefined) socket.destroy();
    else socket.write(response);
  });
  const clock = new ManualClock();
  const transport = new HttpAttempts({ endpoint: server.url, clock });
  onTestFinished(() => transport.close());
  await transport.poll({ cluster: 'c', version: 7, wait: 0 });
  const pushes = () => server.requests.filter(({ method }) => method !== 'GET');
  const kinds = () => pushes().map(({ method, body }) => `${method} ${body}`);
  return { server, transport, clock, pushes, kinds };
}

describe('R29: a push of a delta', () => {
  it('is a PATCH with the headers of a POST, and the digest of its result', async () => {
    const { transport, pushes } = await connected(answer(200, stored));
    const result = await transport.push(aPush({ nodeId: 3, instance: 'i', acceptsDelta: true }));
    expect(result).toMatchObject({ kind: 'committed', version: 8 });
    const [{ method, path, headers, body } = {} as RawRequest] = pushes();
    expect([method, path, String(body)]).toEqual(['PATCH', '/clusters/c/versions/7', 'a delta']);
    expect(headers).toMatchObject({
      'content-type': 'application/vcdiff',
      'cflux-result-digest': digest,
      'cflux-mutation': 'm',
      'cflux-epoch': 'e',
      'cflux-node': '3',
      'cflux-instance': 'i',
      'a-im': 'vcdiff',
    });
  });

  it.each([
    ['a manager that does not accept it', { 'Accept-Patch': 'application/json' }],
    ['a manager that states nothing', {}],
  ])('is a POST to %s', async (_, patch) => {
    const { transport, kinds } = await connected(
      answer(200, stored),
      answer(200, { Version: 9, 'Cflux-Epoch': 'e', ...patch }),
      answer(200, stored),
    );
    await transport.push(aPush());
    await transport.push(aPush());
    await transport.push(aPush());
    expect(kinds()).toEqual(['PATCH a delta', 'PATCH a delta', 'POST whole']);
  });

  it('is a POST before the manager has stated that it accepts deltas, and for an offer', async () => {
    const server = await rawServer((_, socket) => socket.write(answer(200, stored)));
    const transport = new HttpAttempts({ endpoint: server.url });
    onTestFinished(() => transport.close());
    await transport.push(aPush());
    await transport.push(aPush({ offer: { epoch: 'lost', version: 3 } }));
    await transport.push(aPush());
    expect(server.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'PATCH']);
  });

  it('does not read the snapshot if the delta is sent, nor the delta if it cannot be', async () => {
    const read: string[] = [];
    const lazily = () => ({
      ...{ cluster: 'c', version: 7, epoch: 'e', mutation: 'm' },
      get snapshot() {
        read.push('snapshot');
        return snapshot;
      },
      get delta() {
        read.push('delta');
        return delta();
      },
    });
    const { transport } = await connected(answer(200, stored), answer(404), answer(200, stored));
    await transport.push(lazily());
    expect(read.splice(0)).toEqual(['delta']);
    await transport.push(lazily());
    expect(read.splice(0)).toEqual(['delta', 'snapshot']);
  });

  it.each([200, 409, 412])('is decided by %i', async (status) => {
    const { transport, kinds } = await connected(answer(status, stored, status === 409 ? 'newest' : ''));
    const result = await transport.push(aPush());
    expect(result.kind).toBe({ 200: 'committed', 409: 'conflict', 412: 'epochMismatch' }[status]);
    expect(kinds()).toEqual(['PATCH a delta']);
  });

  it.each([429, 503])('is retried after %i, as a delta', async (status) => {
    const { transport, kinds } = await connected(answer(status, {}, 'busy'), answer(200, stored));
    const push = aPush();
    await expect(transport.push(push)).rejects.toMatchObject({ retryable: true, status });
    await transport.push(push);
    expect(kinds()).toEqual(['PATCH a delta', 'PATCH a delta']);
  });

  it.each([400, 401, 403, 404, 405, 413, 415, 422, 501])(
    'is sent at once as a whole after %i, and deltas rest for ten minutes',
    async (status) => {
      const { transport, clock, kinds, pushes } = await connected(
        answer(status, {}, 'no'),
        ...Array.from({ length: 4 }, () => answer(200, stored)),
      );
      expect(await transport.push(aPush())).toMatchObject({ kind: 'committed' });
      expect(new Set(pushes().map(({ headers }) => headers['cflux-mutation']))).toEqual(new Set(['m']));
      await transport.push(aPush());
      await clock.advance(10 * 60_000 - 1);
      await transport.push(aPush());
      await clock.advance(1);
      await transport.push(aPush());
      expect(kinds()).toEqual(['PATCH a delta', 'POST whole', 'POST whole', 'POST whole', 'PATCH a delta']);
    },
  );

  it.each([202, 304, 507])('is sent at once as a whole after %i, and deltas do not rest', async (status) => {
    const { transport, kinds } = await connected(answer(status), answer(200, stored), answer(200, stored));
    await transport.push(aPush());
    await transport.push(aPush());
    const isRest = status >= 400 && status < 500;
    expect(isRest).toBe(false);
    expect(kinds()).toEqual(['PATCH a delta', 'POST whole', 'PATCH a delta']);
  });

  it.each([408, 500, 502, 504])(
    'is an error after %i, and its next attempt is a whole; deltas do not rest',
    async (status) => {
      const { transport, kinds } = await connected(answer(status), answer(200, stored), answer(200, stored));
      const push = aPush();
      await expect(transport.push(push)).rejects.toMatchObject({ retryable: true, status });
      await transport.push(push);
      await transport.push(aPush());
      expect(kinds()).toEqual(['PATCH a delta', 'POST whole', 'PATCH a delta']);
    },
  );

  it('is sent as a whole after its connection broke, because something on the way may drop what it does not know', async () => {
    const { transport, kinds } = await connected('cut', answer(200, stored));
    const push = aPush();
    await expect(transport.push(push)).rejects.toMatchObject({ retryable: true, outcome: 'unknown' });
    await transport.push(push);
    expect(kinds()).toEqual(['PATCH a delta', 'POST whole']);
  });
});

describe('R3: the outcome of a push in both forms', () => {
  const other = answer(409, { Version: 9 }, 'newest');

  it.each([404, 405, 415])('a PATCH that ends with %i was not executed', async (status) => {
    const { transport } = await connected(answer(status), other);
    expect(await transport.push(aPush())).not.toHaveProperty('answerLost');
  });

  it('a PATCH that the manager refused was not executed', async () => {
    const { transport } = await connected(answer(400, { 'Cflux-Outcome': 'refused' }), other);
    expect(await transport.push(aPush())).not.toHaveProperty('answerLost');
  });

  it.each([400, 403, 422, 202, 507])('a PATCH that ends with %i may have been executed', async (status) => {
    const { transport } = await connected(answer(status), other);
    expect(await transport.push(aPush())).toMatchObject({ kind: 'conflict', answerLost: true });
  });

  it('an error of the POST after a PATCH that may have been executed is not certain', async () => {
    const refused = answer(400, { 'Cflux-Outcome': 'refused' }, 'no');
    const { transport } = await connected(answer(403), refused);
    const error: unknown = await transport.push(aPush()).catch((reason: unknown) => reason);
    expect(isCfluxError(error) && error.outcome).toBe('unknown');
  });

  it('R2, R27: a lost response stays lost when the retry reaches a manager that knows no deltas', async () => {
    const server = await rawServer(({ method }, socket, number) => {
      if (number === 1) socket.write(unchanged);
      else if (method === 'PATCH') socket.destroy();
      else socket.write(other);
    });
    const transport = new HttpTransport({ endpoint: server.url, retry: { minDelay: 1, maxDelay: 1 } });
    onTestFinished(() => transport.close());
    await transport.poll({ cluster: 'c', version: 7, wait: 0 });
    expect(await transport.push(aPush())).toMatchObject({ kind: 'conflict', answerLost: true });
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'PATCH', 'POST']);
  });

  it('a lost response stays lost when the retry is refused as a delta', async () => {
    const lost = [answer(503, {}, 'a balancer'), answer(405), other];
    const server = await rawServer(({ method }, socket) => {
      socket.write(method === 'GET' ? unchanged : (lost.shift() ?? other));
    });
    const transport = new HttpTransport({ endpoint: server.url, retry: { minDelay: 1, maxDelay: 1 } });
    onTestFinished(() => transport.close());
    await transport.poll({ cluster: 'c', version: 7, wait: 0 });
    expect(await transport.push(aPush())).toMatchObject({ kind: 'conflict', answerLost: true });
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'PATCH', 'PATCH', 'POST']);
  });
});

describe('R29: a response with a delta', () => {
  const headers = {
    ...stored,
    IM: 'vcdiff',
    'Delta-Base': '"e/7"',
    'Cflux-Result-Digest': digest,
    'Cflux-Last-Mutation': 'm-8',
  };
  const poll = { cluster: 'c', version: 7, epoch: 'e', wait: 0 };

  async function polled(response: Buffer, request: object = { acceptsDelta: true }) {
    const server = await rawServer((_, socket) => socket.write(response));
    const transport = new HttpAttempts({ endpoint: server.url });
    onTestFinished(() => transport.close());
    const result = transport.poll({ ...poll, ...request });
    const settled = await result.catch((reason: unknown) => reason);
    return { settled, request: server.requests[0]?.headers ?? {} };
  }

  it('is asked for with the tag of the version, and passed on', async () => {
    const { settled, request } = await polled(answer(226, headers, 'the delta'));
    expect(request).toMatchObject({ 'a-im': 'vcdiff', 'if-none-match': '"e/7"' });
    expect(settled).toMatchObject({ kind: 'delta', version: 8, epoch: 'e', mutation: 'm-8', digest });
    expect(settled).toHaveProperty('delta', new Uint8Array(Buffer.from('the delta')));
  });

  it('is not asked for unless the caller accepts it, and without an epoch that a tag can contain', async () => {
    for (const request of [
      {},
      { acceptsDelta: true, epoch: undefined },
      { acceptsDelta: true, epoch: 'a"b' },
    ]) {
      const { request: sent } = await polled(unchanged, request);
      expect(sent).not.toHaveProperty('a-im');
      expect(sent).not.toHaveProperty('if-none-match');
    }
  });

  it('is a bad answer if it was not asked for', async () => {
    const { settled } = await polled(answer(226, headers, 'the delta'), {});
    expect(isCfluxError(settled, 'BAD_ANSWER')).toBe(true);
  });

  it.each([
    ['another base', { ...headers, 'Delta-Base': '"e/6"' }],
    ['no base', { ...headers, 'Delta-Base': '' }],
    ['another format', { ...headers, IM: 'diffe' }],
    ['no digest', { ...headers, 'Cflux-Result-Digest': '' }],
  ])('with %s is passed on without a digest, so that it is not used', async (_, odd) => {
    const { settled } = await polled(answer(226, odd, 'the delta'));
    expect(settled).toMatchObject({ kind: 'delta', version: 8 });
    expect((settled as { digest?: string }).digest).toBeFalsy();
  });

  it('of a conflict is passed on, too', async () => {
    const { transport } = await connected(answer(409, headers, 'the delta'));
    expect(await transport.push(aPush({ acceptsDelta: true }))).toMatchObject({ kind: 'conflict', digest });
  });

  it('is not accepted by the attempt after a response that could not be used', async () => {
    const responses = [answer(502), answer(200, stored, 'whole')];
    const server = await rawServer((_, socket) => socket.write(responses.shift() ?? ''));
    const transport = new HttpTransport({ endpoint: server.url, retry: { minDelay: 1, maxDelay: 1 } });
    onTestFinished(() => transport.close());
    expect(await transport.poll({ ...poll, acceptsDelta: true })).toMatchObject({ kind: 'snapshot' });
    expect(server.requests.map((request) => request.headers['a-im'])).toEqual(['vcdiff', undefined]);
  });
});
