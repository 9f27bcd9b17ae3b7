import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { UnusedConnections } from '../../src/protocol/unused-connections.js';
import { tlsPem } from '../support/tls-fixtures.js';

const servers = {
  http: () => createServer(),
  https: () => createTlsServer({ cert: tlsPem('server'), key: tlsPem('server-key') }),
};

it.each(['http', 'https'] as const)(
  'R13: a server over %s that closes does not wait for connections on which nothing was sent, only for requests',
  async (scheme) => {
    const server = servers[scheme]();
    const unused = new UnusedConnections(server);
    const accepted: Socket[] = [];
    server.on(scheme === 'http' ? 'connection' : 'secureConnection', (socket: Socket) =>
      accepted.push(socket),
    );
    const responses: (() => void)[] = [];
    server.on('request', (_, response) => responses.push(() => response.end('done')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    onTestFinished(() => server.closeAllConnections());
    const open = (): Socket => {
      const socket =
        scheme === 'http'
          ? connect(port, '127.0.0.1')
          : connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
      socket.on('error', () => {});
      return socket;
    };
    const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()));

    const silent = [open(), open()];
    const halfway = open();
    halfway.write('GET / HTTP/1.1\r\nHost: local');
    const asking = open();
    asking.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const used = () => accepted.filter(({ bytesRead }) => bytesRead > 0);
    await expect.poll(() => [accepted.length, used().length, responses.length]).toEqual([4, 2, 1]);

    const ends = silent.map(closed);
    let isClosed = false;
    const closing = new Promise<void>((resolve) => server.close(() => resolve())).then(() => {
      isClosed = true;
    });
    server.closeIdleConnections();
    unused.close();
    await Promise.all(ends);
    expect([isClosed, halfway.destroyed, asking.destroyed]).toEqual([false, false, false]);
    halfway.write('host\r\n\r\n');
    await expect.poll(() => responses.length).toBe(2);
    for (const respond of responses) respond();
    halfway.destroy();
    asking.destroy();
    await closing;
  },
);
