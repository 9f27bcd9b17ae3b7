import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { InfluxConnection } from '../../src/influxdb/connect/influx-connection.js';
import { probeServer } from '../../src/influxdb/connect/probe-server.js';
import { freePort } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { answeringProxy } from './support/answering-proxy.js';
import { atEnd, server } from './support/lab.js';
import { listen } from './support/listen.js';

/** Resolves with the code and the message of the error of a probe; `undefined` if the server is available. */
async function probe(url: string, credentials: { username?: string; password?: string } = {}) {
  const connection = new InfluxConnection(url, credentials);
  atEnd(() => connection.close());
  return probeServer(connection).then(
    () => undefined,
    ({ code, message }) => `${code}: ${message}`,
  );
}

const served = (listener: RequestListener) => listen(createServer(listener));

/** The URL of a port on which each connection is passed to `talk`. */
async function speaking(talk: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const tcp = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    talk(socket);
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  atEnd(async () => {
    for (const socket of sockets) socket.destroy();
    tcp.close();
    await once(tcp, 'close');
  });
  const address = tcp.address();
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
}

describe('a server is down, with its reason, if it', () => {
  it('refuses connections', async () => {
    expect(await probe(`http://127.0.0.1:${await freePort()}`)).toMatch(
      /^UNREACHABLE: cannot reach InfluxDB at .*ECONNREFUSED/,
    );
  });

  it('accepts connections and sends nothing', async () => {
    expect(await probe(await speaking(() => {}))).toMatch(/^TIMEOUT: .* did not respond within/);
  });

  it('sends headers and no end', async () => {
    const url = await speaking((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX-Influxdb-Version: 1.8.10\r\nContent-Length: 9\r\n\r\nx');
    });
    expect(await probe(url)).toMatch(/^TIMEOUT: .* did not respond within/);
  });

  it('closes each connection', async () => {
    expect(await probe(await speaking((socket) => socket.destroy()))).toMatch(/^UNREACHABLE: cannot reach/);
  });

  it('does not speak HTTP', async () => {
    expect(await probe(await speaking((socket) => socket.end('SSH-2.0-OpenSSH_9\r\n')))).toMatch(
      /^BAD_ANSWER: .* is not HTTP/,
    );
  });

  it('sends an endless body', async () => {
    const url = await served((_, response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    expect(await probe(url)).toMatch(/^TOO_LARGE: /);
  });

  it.each([500, 502, 503, 599])('responds with status %i', async (status) => {
    const url = await served((_, response) => response.writeHead(status).end('<html>sorry</html>'));
    expect(await probe(url)).toMatch(new RegExp(`^UNAVAILABLE: InfluxDB at .*: status ${status}$`));
  });

  it('responds with the error of InfluxDB and status 503', async () => {
    const url = await served((_, response) =>
      response.writeHead(503, { 'x-influxdb-version': '1.8.10' }).end('{"error":"engine is closed"}'),
    );
    expect(await probe(url)).toMatch(/^UNAVAILABLE: .*: engine is closed$/);
  });

  it.each<[name: string, status: number, headers: Record<string, string>, body: string, reason: RegExp]>([
    ['InfluxDB 2', 204, { 'x-influxdb-version': 'v2.7.1' }, '', /^BAD_ANSWER: .* is InfluxDB 2/],
    ['InfluxDB 3', 200, {}, '{"version":"3.0.1","revision":"x"}', /^BAD_ANSWER: .* is InfluxDB 3/],
    [
      'a web server',
      200,
      { 'content-type': 'text/html' },
      '<html>hello</html>',
      /^BAD_ANSWER: .* not one of/,
    ],
    ['a web server without that page', 404, {}, 'not found', /^BAD_ANSWER: .*status 404.* not|^BAD_ANSWER: /],
    ['a JSON API', 404, {}, '{"error":"not found"}', /^BAD_ANSWER: .* is not one of InfluxDB 1.x/],
    ['a server that is content with anything', 204, {}, '', /^BAD_ANSWER: .* is not one of InfluxDB 1.x/],
    ['a server that redirects', 302, { location: '/login' }, '', /^BAD_ANSWER: .* redirects/],
  ])('is %s', async (_, status, headers, body, reason) => {
    const url = await served((__, response) => response.writeHead(status, headers).end(body));
    expect(await probe(url)).toMatch(reason);
  });
});

describe('a server is available if it', () => {
  it.each(['1.6.7~rc0', '1.8.10', 'unknown'])('states the version %s', async (version) => {
    const url = await served((_, response) =>
      response.writeHead(204, { 'x-influxdb-version': version }).end(),
    );
    expect(await probe(url)).toBeUndefined();
  });

  it('requires a password for its ping', async () => {
    const url = await served((_, response) =>
      response.writeHead(401, { 'x-influxdb-version': '1.8.10' }).end('{"error":"no"}'),
    );
    expect(await probe(url)).toBeUndefined();
  });

  it('closed an idle connection just now', async () => {
    let isFirst = true;
    const url = await served((request, response) => {
      if (isFirst) request.socket.destroy();
      else response.writeHead(204, { 'x-influxdb-version': '1.8.10' }).end();
      isFirst = false;
    });
    expect(await probe(url)).toBeUndefined();
  });
});

describeWithServer('influxd', 'a probe of a real server', () => {
  it.each([false, true])('succeeds with auth-enabled = %s, and sends no password', async (auth) => {
    const { url } = await server({ auth });
    expect(await probe(url)).toBeUndefined();
    expect(await probe(url, { username: 'no', password: 'such user' })).toBeUndefined();
  });

  it('succeeds through a proxy that removes headers and forwards only queries', async () => {
    const influxd = await server({ auth: true });
    const proxy = await answeringProxy(influxd.url);
    expect(await probe(proxy.url)).toBeUndefined();
    proxy.respond = (_, path) => (path.startsWith('/query') ? undefined : { status: 404, body: 'no' });
    expect(await probe(proxy.url)).toBeUndefined();
    expect(proxy.statements.join('')).toBe('');
  });
});
