import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { readInfluxMetadata } from 'clusterflux/influxdb';
import { describe, expect, it } from 'vitest';
import { InfluxConnection } from '../../src/influxdb/connect/influx-connection.js';
import { isRefusal } from '../../src/influxdb/connect/statement-error.js';
import { describeWithServer } from '../support/servers.js';
import { tlsFixture } from '../support/tls-fixtures.js';
import { atEnd, server } from './support/lab.js';

async function httpServer(listener: RequestListener): Promise<string> {
  const http = createServer(listener).listen(0, '127.0.0.1');
  await once(http, 'listening');
  atEnd(async () => {
    http.closeAllConnections();
    http.close();
  });
  return `http://127.0.0.1:${portOf(http.address())}`;
}

async function tcpServer(listener: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const tcp = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    listener(socket);
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  atEnd(async () => {
    for (const socket of sockets) socket.destroy();
    tcp.close();
  });
  return `127.0.0.1:${portOf(tcp.address())}`;
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function connect(url: string, options = {}): InfluxConnection {
  const connection = new InfluxConnection(url, options);
  atEnd(() => connection.close());
  return connection;
}

describe('InfluxConnection', () => {
  const answers: [what: string, status: number, body: string, code: string][] = [
    ['a page of a proxy', 200, '<html>Welcome</html>', 'BAD_ANSWER'],
    ['another program', 404, 'not found', 'BAD_ANSWER'],
    ['a redirect', 302, '', 'BAD_ANSWER'],
    ['wrong credentials', 401, '{"error":"authorization failed"}', 'UNAUTHORIZED'],
    ['too few privileges', 403, '{"error":"error authorizing query: bob"}', 'FORBIDDEN'],
    ['a proxy without a server', 502, '<html>', 'UNAVAILABLE'],
    ['an overloaded server', 503, '{"error":"busy"}', 'UNAVAILABLE'],
  ];
  for (const [what, status, body, code] of answers) {
    it(`distinguishes ${what} from a refused statement`, async () => {
      const url = await httpServer((_request, response) => {
        response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end(body);
      });
      const error = await connect(url)
        .execute('DROP DATABASE d')
        .catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code });
      expect(isRefusal(error)).toBe(false);
    });
  }

  it('rejects when a server is silent, and when its response never ends', async () => {
    const silent = await httpServer(() => {});
    await expect(connect(silent, { timeout: 50 }).execute('x')).rejects.toMatchObject({
      code: 'TIMEOUT',
      retryable: true,
    });
    const endless = await httpServer((_request, response) => {
      response.writeHead(200).write('{"results":');
    });
    await expect(connect(endless, { timeout: 50 }).execute('x')).rejects.toMatchObject({ code: 'TIMEOUT' });
    const huge = await httpServer((_request, response) => {
      response.writeHead(200).end('x'.repeat(2000));
    });
    await expect(connect(huge, { maxAnswerBytes: 1000 }).execute('x')).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
  });

  it('rejects with the reason of the caller’s own abort', async () => {
    const silent = await httpServer(() => {});
    const controller = new AbortController();
    const read = connect(silent).read(['SHOW DATABASES'], controller.signal);
    controller.abort(new Error('enough'));
    await expect(read).rejects.toThrow('enough');
  });

  it('sends one statement in the body of a POST, and the credentials in a header only', async () => {
    const seen: unknown[] = [];
    const url = await httpServer(async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      seen.push(
        request.method,
        request.url,
        request.headers.authorization,
        Object.fromEntries(new URLSearchParams(body)),
      );
      response.end('{"results":[{"statement_id":0}]}');
    });
    await connect(url.replace('//', '//us%2Fer:p%3A%C3%A4@')).execute('CREATE DATABASE "ä; b"');
    const authorization = `Basic ${Buffer.from('us/er:p:ä').toString('base64')}`;
    expect(seen).toEqual(['POST', '/query', authorization, { q: 'CREATE DATABASE "ä; b"', chunked: 'true' }]);
  });

  it('repeats nothing of a secret statement', async () => {
    const echo = await httpServer((_request, response) => {
      response.writeHead(400).end('{"error":"error parsing query: found Secr3t, expected string"}');
    });
    const connection = connect(echo);
    const secret = await connection.execute('x', { secret: true }).catch((error: unknown) => error);
    expect(secret).toMatchObject({ code: 'STATEMENT_REFUSED' });
    expect(JSON.stringify(secret) + String(secret)).not.toContain('Secr3t');
    expect(await connection.execute('x').catch(String)).toContain('found Secr3t');
  });
});

describe('the snapshot port', () => {
  const reading = (snapshot: string) =>
    readInfluxMetadata('http://127.0.0.1:1', { snapshot, timeout: 200 }).catch((error: unknown) => error);

  it('is distinguished from other programs at its address', async () => {
    const replies: [reply: Buffer | undefined, code: string][] = [
      [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'BAD_ANSWER'],
      [Buffer.alloc(0), 'BAD_ANSWER'],
      [Buffer.from('0000000059590101ffffffffffffffff', 'hex'), 'BAD_ANSWER'],
      [Buffer.from('000000005959010100000000000000100a', 'hex'), 'BAD_ANSWER'],
      [Buffer.from('000000005959010100000000000000010a', 'hex'), 'MALFORMED_METADATA'],
      [undefined, 'TIMEOUT'],
    ];
    for (const [reply, code] of replies) {
      const address = await tcpServer((socket) => socket.once('data', () => reply && socket.end(reply)));
      expect(await reading(address)).toMatchObject({ code });
    }
    const cut = await tcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await reading(cut)).toMatchObject({ code: 'UNREACHABLE' });
  });
});

describeWithServer('influxd', 'InfluxConnection', () => {
  it('uses TLS with a private certificate authority', async () => {
    const tls = { certificate: tlsFixture('server'), privateKey: tlsFixture('server-key') };
    const influxd = await server({ tls });
    const ca = await readFile(tlsFixture('ca'), 'utf8');
    expect(await readInfluxMetadata(influxd.url, { tls: { ca } })).toMatchObject({ databases: [] });
    const wrong = await readFile(tlsFixture('other-ca'), 'utf8');
    await expect(readInfluxMetadata(influxd.url, { tls: { ca: wrong } })).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });
    await expect(readInfluxMetadata(influxd.url)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('takes a refusal for one whose words are no HTTP', async () => {
    const influxd = await server();
    const refused = await connect(influxd.url)
      .execute('CREATE \u0001')
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'STATEMENT_REFUSED' });
    expect(isRefusal(refused)).toBe(true);
    await connect(influxd.url).execute('CREATE DATABASE fine');
  });
});
