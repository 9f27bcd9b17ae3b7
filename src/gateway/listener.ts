import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { repeat } from '../async/repeat.js';
import type { CertificateInfo } from '../certificates.js';
import type { Clock } from '../clock.js';
import { CfluxError } from '../errors.js';
import { onEveryRequest, type RequestListener } from '../protocol/every-request.js';
import { ensureClose } from '../protocol/pipelined-responses.js';
import { UnusedConnections } from '../protocol/unused-connections.js';
import { lookInterval, TlsCredentials, type TlsSources, type TlsValues } from '../tls-credentials.js';

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSources | undefined;
  readonly clock: Clock;
  /** Receives the reason when certificates cannot be reloaded, and warnings before they expire. */
  readonly warn: (message: string) => void;
  readonly onLoad: ((certificates: readonly CertificateInfo[]) => void) | undefined;
}

/** A server that accepts what InfluxDB's accepts. */
export interface Listener {
  readonly url: string;
  /** The IP address that it listens on. */
  readonly address: string;
  /** Stops listening, and ends the connections: the idle ones at once, the others after `grace` milliseconds. */
  close(grace: number): Promise<void>;
}

/** Milliseconds between two looks for connections that have become idle while the gateway closes. */
const idleInterval = 20;
/** As of Go: a request line and headers of 1 MiB and a little more. */
const maxHeaderSize = 2 ** 20 + 4_096;
/** Milliseconds after which an idle connection is probed, because a client that lost its network never closes it. */
const probeAfter = 30_000;

/** InfluxDB closes no idle connection, and Go clients do not repeat a POST on a connection that was closed: so no limits here. */
const limits = { maxHeaderSize, keepAliveTimeout: 0, headersTimeout: 0, requestTimeout: 0 };

/** @throws CfluxError `INVALID_OPTION` if the certificates cannot be used, or the address is not free */
export async function listen(options: ListenerOptions, onRequest: RequestListener): Promise<Listener> {
  const { host, port, tls, clock, warn, onLoad } = options;
  const credentials = tls && new TlsCredentials({ sources: tls, clock, warn, onLoad });
  const server: Server = credentials
    ? createTlsServer({ ...limits, ...contextOf(credentials.values) })
    : createServer(limits);
  server.timeout = 0;
  const unused = new UnusedConnections(server);
  server.on('connection', (socket: Socket) => socket.setKeepAlive(true, probeAfter));
  server.on('clientError', refuseUnreadable);
  onEveryRequest(server, (request, response) => {
    ensureClose(request.socket, response);
    return onRequest(request, response);
  });
  await bind(server, host, port);
  const unwatch = credentials && watch(server, credentials, clock);
  const address = server.address();
  return {
    address: typeof address === 'object' && address !== null ? address.address : host,
    url: urlOf(address, credentials === undefined ? 'http' : 'https'),
    async close(grace) {
      unwatch?.();
      // Connections that are busy now end after their responses.
      server.prependListener('request', (_, response) => {
        response.shouldKeepAlive = false;
      });
      const closeIdle = repeat(clock, idleInterval, () => server.closeIdleConnections());
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      unused.close();
      const cancel = clock.after(grace, () => server.closeAllConnections());
      await closed;
      cancel();
      closeIdle();
    },
  };
}

/** New connections use new certificates. */
const watch = (server: Server, credentials: TlsCredentials, clock: Clock) =>
  repeat(clock, lookInterval, () => {
    if (credentials.refresh() && server instanceof TlsServer)
      server.setSecureContext(contextOf(credentials.values));
  });

const contextOf = (tls: TlsValues) => ({ ...tls, minVersion: 'TLSv1.2' as const });

/** Responds as Go does to what is not HTTP, or has too large a head, and closes the connection. */
function refuseUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`,
  );
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: Error) =>
      reject(
        new CfluxError('INVALID_OPTION', `the gateway cannot listen on ${host}:${port}: ${cause.message}`, {
          cause,
        }),
      );
    server.once('error', onError);
    server.listen({ host, port, backlog: 4_096 }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function urlOf(address: AddressInfo | string | null, scheme: string): string {
  if (typeof address !== 'object' || address === null) return '';
  const { family, address: host, port } = address;
  return `${scheme}://${family === 'IPv6' ? `[${host}]` : host}:${port}`;
}
