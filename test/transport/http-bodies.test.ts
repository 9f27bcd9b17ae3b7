import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { contentDigest } from '../../src/protocol/content-digest.js';
import { answer, type Misbehaviour, rawServer } from '../support/raw-server.js';
import { errorOf, httpTransport, onlyOnce, somePush } from '../support/transports.js';

const snapshot = Buffer.from('a snapshot of some length');
const poll = { cluster: 'c', version: 4, wait: 0 };

async function polling(behave: Misbehaviour, options = {}) {
  const server = await rawServer(behave);
  return { server, transport: httpTransport(server.url, { ...onlyOnce, ...options }) };
}

const whole = { kind: 'snapshot', version: 9, snapshot: new Uint8Array(snapshot) };

describe('a snapshot that is cut off', () => {
  const digest = contentDigest(snapshot);
  const chunked = Buffer.concat([
    answer(200, { Version: 9, 'Transfer-Encoding': 'chunked' }),
    Buffer.from(`${snapshot.length.toString(16)}\r\n${snapshot}\r\n0\r\n\r\n`),
  ]);

  it.each([
    ['with a length', answer(200, { Version: 9 }, snapshot)],
    ['in chunks', chunked],
    ['with a digest alone', answer(200, { Version: 9, Connection: 'close', Digest: digest }, snapshot)],
  ])('#16 a truncated body: %s is refused at every byte, and taken whole', async (_, bytes) => {
    const { server, transport } = await polling((_request, socket, number) => {
      socket.end(bytes.subarray(0, number));
    });
    for (let cut = 1; cut < bytes.length; cut++) {
      const error = await errorOf(transport.poll(poll));
      expect(error).toMatchObject({ retryable: true, code: expect.stringMatching('UNREACHABLE|BAD_ANSWER') });
    }
    expect(await transport.poll(poll)).toEqual(whole);
    expect(server.requests).toHaveLength(bytes.length);
  });

  it('is refused if its length is unknown, because it may be cut anywhere', async () => {
    const bytes = answer(200, { Version: 9, Connection: 'close' }, snapshot);
    const { transport } = await polling((_, socket) => socket.end(bytes));
    expect(await errorOf(transport.poll(poll))).toMatchObject({ code: 'BAD_ANSWER', retryable: true });
  });

  it('is refused without a byte', async () => {
    const { transport } = await polling((_, socket) => socket.write(answer(200, { Version: 9 })));
    expect(await errorOf(transport.poll(poll))).toMatchObject({ code: 'BAD_ANSWER', retryable: true });
  });

  it('of a conflict is refused, and the push tried again', async () => {
    const bytes = answer(409, { Version: 9, 'Content-Digest': digest }, snapshot);
    const { server } = await polling((_, socket, number) => {
      if (number === 1) socket.end(bytes.subarray(0, -3));
      else socket.write(bytes);
    });
    const result = await httpTransport(server.url).push(somePush);
    expect(result).toMatchObject({ kind: 'conflict', version: 9, answerLost: true });
  });
});

describe('a snapshot that was changed', () => {
  const digest = contentDigest(snapshot);
  const other = Buffer.from('a snapshot of same length');

  it.each([
    ['plain', { 'Content-Digest': digest }, other],
    ['of gzip', { 'Content-Digest': digest, 'Content-Encoding': 'gzip' }, gzipSync(other)],
    ['with the older header', { Digest: `SHA-256=${digest.slice(9, -1)}` }, other],
  ])('is refused: %s', async (_, headers, body) => {
    const { transport } = await polling((_request, socket) =>
      socket.write(answer(200, { Version: 9, ...headers }, body)),
    );
    expect(await errorOf(transport.poll(poll))).toMatchObject({ code: 'BAD_ANSWER', retryable: true });
  });

  it('#16 a truncated body: so that its gzip is broken is refused at every byte', async () => {
    const zipped = gzipSync(snapshot);
    const headers = { Version: 9, 'Content-Encoding': 'gzip', 'Content-Digest': digest };
    const { transport } = await polling((_, socket, number) => {
      const body = Buffer.from(zipped);
      body[number - 1] = (body[number - 1] ?? 0) ^ 0xff;
      socket.write(answer(200, headers, body));
    });
    for (let at = 0; at < zipped.length; at++) {
      const result = await transport.poll(poll).catch((error: unknown) => error);
      // Some bytes of gzip's header (time, system) do not depend on the content.
      if (at >= 4 && at < 10) continue;
      expect(result, `byte ${at}`).toMatchObject({ retryable: true });
    }
  });
});

describe('a response without end', () => {
  const limits = { maxSnapshotBytes: 100_000, maxAnswerBytes: 100_000 };
  const piece = Buffer.alloc(16_384, 'x');

  it('is refused by its length, before it comes', async () => {
    const { transport } = await polling(
      (_, socket) => socket.write(answer(200, { Version: 9, 'Content-Length': 10 * 2 ** 30 })),
      limits,
    );
    expect(await errorOf(transport.poll(poll))).toMatchObject({ code: 'TOO_LARGE', retryable: false });
  });

  it.each([200, 409, 500])('is cut while it comes, with status %i', async (status) => {
    const sent: number[] = [];
    const { server, transport } = await polling((_, socket) => {
      socket.write(answer(status, { Version: 9, 'Transfer-Encoding': 'chunked' }));
      const more = () => {
        if (socket.destroyed) return;
        sent.push(piece.length);
        socket.write(
          Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
          more,
        );
      };
      more();
    }, limits);
    expect(await errorOf(transport.push(somePush))).toMatchObject({ code: 'TOO_LARGE' });
    await expect.poll(() => server.open).toBe(0);
    // Sockets buffer some; without a limit it would go on for ever.
    expect(sent.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(32 * 2 ** 20);
  });

  it('is counted after decompression', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 2 ** 20));
    expect(bomb.length).toBeLessThan(limits.maxSnapshotBytes);
    const { transport } = await polling(
      (_, socket) => socket.write(answer(200, { Version: 9, 'Content-Encoding': 'gzip' }, bomb)),
      limits,
    );
    expect(await errorOf(transport.poll(poll))).toMatchObject({ code: 'TOO_LARGE' });
  });

  it('of headers is refused', async () => {
    const { transport } = await polling((_, socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const more = () => {
        if (!socket.destroyed) socket.write(`X-More: ${piece}\r\n`, more);
      };
      more();
    });
    expect(await errorOf(transport.poll(poll))).toMatchObject({ code: 'UNREACHABLE' });
  });

  it('that falls silent in the middle is given up, long before the hold ends', async () => {
    const bytes = answer(200, { Version: 9 }, snapshot);
    const { server, transport } = await polling((_, socket) => socket.write(bytes.subarray(0, -1)), {
      bodyIdleTimeout: 50,
    });
    const error = await errorOf(transport.poll({ ...poll, wait: 300_000 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', retryable: true });
    await expect.poll(() => server.open).toBe(0);
  });
});

describe('an error', () => {
  it('is read to its end, so that connections are used again', async () => {
    const { server, transport } = await polling((_, socket) =>
      socket.write(answer(500, {}, 'x'.repeat(5_000))),
    );
    for (let request = 0; request < 30; request++) await errorOf(transport.push(somePush));
    // One that ends just as the next begins may take a second; left unread, each would have taken its own.
    expect(server.connections).toBeLessThanOrEqual(2);
  });
});
