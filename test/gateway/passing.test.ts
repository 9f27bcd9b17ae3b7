import { createGateway, type Gateway } from 'clusterflux/gateway';
import { describe, expect, it } from 'vitest';
import { gatewayBefore } from './support/stand-alone.js';
import { type Wire, type WireServer, wireServer, wireTo } from './support/wire.js';

const head = 'HTTP/1.1 204 No Content\r\nDate: then\r\n';

/** A gateway before a server of bytes, and a connection to the gateway. */
async function lane(): Promise<{ client: Wire; server: WireServer; gateway: Gateway }> {
  const server = await wireServer();
  const gateway = await gatewayBefore(server.url);
  return { client: await wireTo(gateway.url), server, gateway };
}

const withoutHead = (text: string) => text.slice(text.indexOf('\r\n\r\n') + 4);

describe('R30: what passes through a gateway', () => {
  it('headers and target reach the server byte for byte, apart from those of one connection', async () => {
    const { client, server } = await lane();
    const passed =
      'Host: influx:1\r\nX-Dup: a\r\nX-DUP: b\r\nCookie: a\r\ncookie: b\r\nx-RAW: \xe9\xff\r\nAccept: */*\r\n';
    client.write(
      `GET /ping?a=%20%zz&b="<>|&c=a;b HTTP/1.1\r\n${passed}Connection: x-hop, keep-alive, host\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\n\r\n`,
    );
    const wire = await server.with('/ping');
    expect(wire.received).toBe(
      `GET /ping?a=%20%zz&b="<>|&c=a;b HTTP/1.1\r\n${passed}X-Forwarded-For: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n`,
    );
    wire.write(`${head}X-A: 1\r\nx-a: 2\r\nX-Raw: \xe9\r\nConnection: x-mine\r\nX-Mine: 1\r\n\r\n`);
    await client.until('\r\n\r\n');
    expect(client.received).toBe(`${head}X-A: 1\r\nx-a: 2\r\nX-Raw: \xe9\r\nConnection: keep-alive\r\n\r\n`);
  });

  it('an address behind a proxy is appended to X-Forwarded-For', async () => {
    const { client, server } = await lane();
    client.write('GET /ping HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n');
    const wire = await server.with('/ping');
    expect(wire.received).toContain('\r\nX-Forwarded-For: 10.0.0.1, 127.0.0.1\r\n');
  });

  it('a request line of a mebibyte passes, and a larger one is refused with 431', async () => {
    const { client, server, gateway } = await lane();
    const long = 'x'.repeat(2 ** 20 - 100);
    client.write(`GET /query?q=SHOW+${long} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const wire = await server.with('HTTP/1.1\r\nHost: h');
    expect(wire.received.indexOf(' HTTP/1.1')).toBe(`GET /query?q=SHOW+${long}`.length);
    const other = await wireTo(gateway.url);
    other.write(`GET /${'x'.repeat(2 ** 20 + 8_192)} HTTP/1.1\r\nHost: h\r\n\r\n`);
    expect(await other.ended()).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('bodies are streams in both directions: either side has a piece before the next one is sent', async () => {
    const { client, server } = await lane();
    client.write(
      'POST /write?db=_internal HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nm v=\r\n',
    );
    const wire = await server.with('m v=');
    client.write('1\r\n1\r\n0\r\n\r\n');
    await wire.until('0\r\n\r\n');
    expect(withoutHead(wire.received)).toBe('4\r\nm v=\r\n1\r\n1\r\n0\r\n\r\n');
    wire.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
    await client.until('3\r\none\r\n');
    wire.write('3\r\ntwo\r\n0\r\n\r\n');
    await client.until('3\r\ntwo\r\n0\r\n\r\n');
  });

  it('a slow body does not hold back the head of its request', async () => {
    const { client, server } = await lane();
    client.write('POST /write?db=_internal HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n');
    const wire = await server.with('Content-Length: 3');
    client.write('m 1');
    await wire.until('m 1');
  });

  it('every method, and a POST without a body, pass', async () => {
    const { client, server } = await lane();
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      client.received = '';
      client.write(`${method} /m${method} HTTP/1.1\r\nHost: h\r\n\r\n`);
      const wire = await server.with(`${method} /m${method}`);
      expect(wire.received).not.toContain('chunked');
      wire.received = '';
      wire.write(`${head}\r\n`);
      await client.until('\r\n\r\n');
    }
  });

  it.each([
    ['a GET', 'GET /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc', 'Content-Length: 3'],
    [
      'a DELETE',
      'DELETE /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      'chunked',
    ],
  ])('the body of %s passes', async (_, request, framing) => {
    const { client, server } = await lane();
    client.write(request);
    const wire = await server.with('abc');
    expect(wire.received).toContain(framing);
  });

  it('a compressed body and response pass as they are', async () => {
    const { client, server } = await lane();
    const bytes = '\x1f\x8b\x08\x00\xff\x00\n\r\n\x80';
    client.write(
      `POST /write?db=_internal HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: ${bytes.length}\r\n\r\n${bytes}`,
    );
    const wire = await server.with(bytes);
    expect(wire.received).toContain('Content-Encoding: gzip');
    wire.write(
      `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bytes.length}\r\n\r\n${bytes}`,
    );
    await client.until(bytes);
    expect(client.received).toContain('Content-Encoding: gzip');
  });

  it('Expect: 100-continue is the server’s decision: the body is asked for after it asks', async () => {
    const { client, server } = await lane();
    client.write('POST /write HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
    const wire = await server.with('Expect: 100-continue');
    expect(client.received).toBe('');
    wire.write('HTTP/1.1 100 Continue\r\n\r\n');
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('m 1');
    await wire.until('m 1');
    wire.write(`${head}\r\n`);
    await client.until(head);
  });

  it('a refusal before the body reaches a client that waits for permission to send it', async () => {
    const { client, server } = await lane();
    client.write('POST /write HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
    const wire = await server.with('Expect');
    wire.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
    wire.socket.end();
    const received = await client.until('no');
    expect(received).toMatch(/^HTTP\/1\.1 413 Too Large\r\n/);
  });

  it('a refusal within the body reaches the client', async () => {
    const { client, server } = await lane();
    client.write('POST /write HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\nabc');
    const wire = await server.with('abc');
    wire.write('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
    wire.socket.end();
    await client.until('no');
    // The rest is read, so that the client can read the response.
    client.write('x'.repeat(999_997));
    client.write('GET /next HTTP/1.1\r\nHost: h\r\n\r\n');
    await server.with('GET /next');
  });

  it('an HTTP/1.0 client gets a response without chunks, and the end of the connection', async () => {
    const { client, server } = await lane();
    client.write('GET /query?q=SELECT+1 HTTP/1.0\r\n\r\n');
    const wire = await server.with('GET /query');
    expect(wire.received).toContain(`Host: ${new URL(server.url).host}\r\n`);
    wire.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
    expect(withoutHead(await client.ended())).toBe('hello');
    expect(client.received).not.toContain('chunked');
  });

  it('connections are kept, on both sides', async () => {
    const { client, server } = await lane();
    for (const path of ['/a', '/b', '/c']) {
      client.received = '';
      client.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
      const wire = await server.with(`GET ${path}`);
      wire.received = '';
      wire.write(`${head}\r\n`);
      await client.until('\r\n\r\n');
    }
    // One, also for the question at the start.
    expect(server.wires.length).toBe(1);
  });

  it.each([
    ['chunked', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ['of a known length', 'Content-Length: 10\r\n\r\nhello'],
  ])('a response that is %s and breaks off is broken off, not completed', async (_, rest) => {
    const { client, server } = await lane();
    client.write('GET /cut HTTP/1.1\r\nHost: h\r\n\r\n');
    const wire = await server.with('/cut');
    wire.write(`HTTP/1.1 200 OK\r\n${rest}`);
    await client.until('hello');
    wire.socket.destroy();
    await client.ended();
    expect(client.received).not.toContain('0\r\n\r\n');
    expect(
      withoutHead(client.received)
        .replace(/^5\r\n/, '')
        .trim(),
    ).toBe('hello');
  });

  it('a response that breaks off resets the connection of an HTTP/1.0 client, which knows no other end', async () => {
    const { client, server } = await lane();
    client.write('GET /cut HTTP/1.0\r\n\r\n');
    const wire = await server.with('/cut');
    wire.write(
      'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
    );
    await client.until('hello');
    wire.socket.destroy();
    await client.ended();
    await expect.poll(() => client.failure).toBe('ECONNRESET');
  });

  it('a client that breaks off within a body or a response breaks off the request to the server', async () => {
    const { client, server, gateway } = await lane();
    client.write('POST /write?db=_internal HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc');
    const writing = await server.with('abc');
    client.socket.destroy();
    await writing.ended();
    const reader = await wireTo(gateway.url);
    reader.write('GET /slow HTTP/1.1\r\nHost: h\r\n\r\n');
    const reading = await server.with('/slow');
    reading.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    await reader.until('hello');
    reader.socket.destroy();
    await reading.ended();
  });

  it('a client that does not read stops the server, and a server that does not read stops the client', async () => {
    const { client, server, gateway } = await lane();
    const piece = 'x'.repeat(2 ** 20);
    const most = 64;
    client.socket.pause();
    client.write('GET /big HTTP/1.1\r\nHost: h\r\n\r\n');
    const wire = await server.with('/big');
    wire.write(`HTTP/1.1 200 OK\r\nContent-Length: ${most * piece.length}\r\n\r\n`);
    for (let count = 0; count < most; count += 1) wire.write(piece);
    // What the sockets do not take stays with the sender, not in the gateway.
    await expect.poll(() => stands(wire), { interval: 200 }).toBe(true);
    expect(wire.socket.writableLength).toBeGreaterThan(piece.length * 32);
    const writer = await wireTo(gateway.url);
    writer.write(
      `POST /write?db=_internal&big HTTP/1.1\r\nHost: h\r\nContent-Length: ${most * piece.length}\r\n\r\nabc`,
    );
    const slow = await server.with('&big');
    slow.socket.pause();
    for (let count = 0; count < most; count += 1) writer.write(piece);
    await expect.poll(() => stands(writer), { interval: 200 }).toBe(true);
    expect(writer.socket.writableLength).toBeGreaterThan(piece.length * 32);
  });

  it.each([
    [
      'a length beside a transfer coding',
      'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['two lengths', 'Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd', 400],
    ['a list of lengths', 'Content-Length: 3, 3\r\n\r\nabc', 400],
    ['a signed length', 'Content-Length: +3\r\n\r\nabc', 400],
    [
      'two transfer codings',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a transfer coding that is not decoded', 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', 501],
    ['an unknown transfer coding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n', 501],
    ['a space before a colon', 'Content-Length : 3\r\n\r\nabc', 400],
    ['a folded header', 'X: a\r\n Content-Length: 3\r\n\r\nabc', 400],
    ['a bare carriage return', 'X: a\rContent-Length: 3\r\n\r\nabc', 400],
    ['a bare line feed', 'X: a\nContent-Length: 3\n\nabc', 400],
    ['a malformed chunk', 'Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n', undefined],
  ])('%s is refused, and nothing of it reaches the server as another request', async (_, rest, status) => {
    const { client, server } = await lane();
    client.write(`POST /smuggle HTTP/1.1\r\nHost: h\r\n${rest}GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n`);
    await client.ended();
    if (status !== undefined) expect(client.received).toContain(`HTTP/1.1 ${status} `);
    expect(server.wires.map(({ received }) => received).join('')).not.toContain('/smuggled');
  });

  it('a transfer coding in HTTP/1.0, which has none, is refused', async () => {
    const { client, server } = await lane();
    client.write('POST /smuggle HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
    expect(await client.ended()).toMatch(/^HTTP\/1\.1 501 /);
    expect(server.wires.map(({ received }) => received).join('')).toBe('');
  });

  it('a header that the server puts control characters into passes without them', async () => {
    const { client, server } = await lane();
    client.write('GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
    const wire = await server.with('/x');
    wire.write('HTTP/1.1 400 Bad Request\r\nX-Influxdb-Error: found \x01\r\nContent-Length: 2\r\n\r\nno');
    await client.until('no');
    expect(client.received).toContain('X-Influxdb-Error: found  \r\n');
  });

  it('a server that is away is a 503 in JSON, with the version that it stated before', async () => {
    const { client, server } = await lane();
    client.write('GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
    const wire = await server.with('/x');
    wire.write('HTTP/1.1 204 No Content\r\nX-Influxdb-Version: 1.8.10\r\nX-Influxdb-Build: OSS\r\n\r\n');
    await client.until('\r\n\r\n');
    client.received = '';
    client.write('POST /write?db=_internal HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nm 1');
    const writing = await server.with('m 1');
    writing.socket.destroy();
    await client.until('"error"');
    expect(client.received).toMatch(/^HTTP\/1\.1 503 /);
    expect(client.received).toContain('Content-Type: application/json\r\n');
    expect(client.received).toContain('X-Influxdb-Version: 1.8.10\r\n');
    // Nothing is repeated: the write may have been made.
    expect(
      server.wires
        .map(({ received }) => received)
        .join('')
        .split('m 1').length,
    ).toBe(2);
  });

  it.each(['POST', 'PATCH', 'DELETE'])(
    'a %s of /api/v2/buckets is refused, also with an escaped path',
    async (method) => {
      const { client, server } = await lane();
      for (const path of ['/api/v2/buckets', '/api/v2/buckets/d', '/api/v2/%62uckets?x=1']) {
        client.received = '';
        client.write(`${method} ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}`);
        const received = await client.until('"error"');
        expect(received).toMatch(/^HTTP\/1\.1 405 /);
      }
      expect(server.wires.map(({ received }) => received).join('')).toBe('');
      client.write('GET /api/v2/buckets HTTP/1.1\r\nHost: h\r\n\r\n');
      await server.with('GET /api/v2/buckets');
    },
  );
});

describe('a gateway that cannot start', () => {
  it.each([
    [{ port: 0 }, /client/],
    [{ port: 0, client: {} }, /client/],
  ])('names the option that is wrong: %j', async (options, message) => {
    await expect(createGateway(options as never)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(message),
    });
  });
});

/** Returns whether no more bytes leave a connection. */
let before = -1;
function stands({ socket }: Wire): boolean {
  const now = socket.bytesWritten - socket.writableLength;
  const isSame = now === before;
  before = now;
  return isSame;
}
