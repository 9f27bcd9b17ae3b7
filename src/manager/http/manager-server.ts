import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import type { Route } from '../../protocol/routes.js';
import type { Manager } from '../manager.js';
import { answerError } from './answer.js';
import { RequestHandler, routeOf } from './request-handler.js';

export interface ManagerServerOptions {
  /** Address to listen on. Default: `127.0.0.1`, for snapshots hold password hashes. */
  readonly host?: string;
  /** Default: 8000; 0: any free one. */
  readonly port?: number;
  /** `cert` and `key` in PEM: serves https. With `ca` and `requestCert`, clients must show a certificate of that authority. */
  readonly tls?: Pick<TlsOptions, 'cert' | 'key' | 'ca' | 'requestCert' | 'passphrase'>;
  /** Milliseconds in which a whole request must have arrived. Default: 60,000. */
  readonly requestTimeout?: number;
}

export interface ManagerServer {
  /** `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Answers held polls (503, `Retry-After`), waits for pushes that are being stored, and stops listening. The manager stays open. Idempotent. */
  close(): Promise<void>;
}

// Well above the 5 s between heartbeats: an idle connection is never closed just as one is sent.
const keepAlive = 75_000;
const headTimeout = 10_000;
// Between two packets of one answer or held poll; the longest hold is 300 s.
const silence = 400_000;
// Time in which a client that sends more than we take may still read why.
const linger = 1_000;
const closeGrace = 5_000;

/** Serves `manager` over HTTP, to every client of the protocol, that of 2016 too. */
export async function createManagerServer(
  manager: Manager,
  options: ManagerServerOptions = {},
): Promise<ManagerServer> {
  await manager.open();
  const serving = new Serving(manager, options);
  await serving.listen();
  await manager.announce(new URL(serving.url).host);
  return serving;
}

class Serving implements ManagerServer {
  readonly #options: ManagerServerOptions;
  readonly #handler: RequestHandler;
  readonly #clock: Clock;
  readonly #server: Server;
  readonly #underWay = new Set<AbortController>();
  #closing: Promise<void> | undefined;

  constructor(manager: Manager, options: ManagerServerOptions) {
    this.#options = options;
    this.#handler = new RequestHandler(manager);
    this.#clock = manager.clock;
    this.#server = this.#createServer();
  }

  get url(): string {
    const address = this.#server.address();
    const { family, address: host, port } = isAddress(address) ? address : noAddress;
    return `${this.#options.tls ? 'https' : 'http'}://${family === 'IPv6' ? `[${host}]` : host}:${port}`;
  }

  async listen(): Promise<void> {
    const { host = '127.0.0.1', port = 8000 } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: 4_096 }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const request of this.#underWay) request.abort(closing());
    this.#server.closeIdleConnections();
    // Whoever sends half a request, or does not read its answer, is not waited for.
    const cancel = this.#clock.after(closeGrace, () => this.#server.closeAllConnections());
    await closed;
    cancel();
  }

  #createServer(): Server {
    const options = {
      keepAliveTimeout: keepAlive,
      headersTimeout: headTimeout,
      requestTimeout: this.#options.requestTimeout ?? 60_000,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: 16 * 1024,
    };
    const { tls } = this.#options;
    const server: Server =
      tls === undefined
        ? createServer(options)
        : createTlsServer({ ...options, ...tls, minVersion: 'TLSv1.2' });
    server.setTimeout(silence, (socket: Socket) => socket.destroy());
    server.on('request', (request, response) => void this.#serve(request, response));
    return server;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const ending = new AbortController();
    this.#underWay.add(ending);
    // `close` of the request would come as soon as its body is read.
    response.once('close', () => {
      this.#underWay.delete(ending);
      ending.abort(clientGone());
      if (!request.complete) lingeringClose(request);
    });
    // The connection shall not be used again while we close.
    if (this.#closing !== undefined) {
      response.setHeader('Connection', 'close');
      ending.abort(closing());
    } else ending.signal.addEventListener('abort', () => closeAfterwards(response), { once: true });

    let route: Route | undefined;
    try {
      route = routeOf(request);
    } catch (error) {
      answerError(request, response, error);
      return;
    }
    const asker = { remote: request.socket.remoteAddress };
    await this.#handler.handle({ request, response, asker, signal: ending.signal }, route);
  }
}

function closeAfterwards(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

/** A body that nobody reads any more: lets the client read its answer, then cuts it off. */
function lingeringClose(request: IncomingMessage): void {
  request.resume();
  setTimeout(() => request.destroy(), linger).unref();
}

const closing = () =>
  new CfluxError('UNAVAILABLE', 'the manager is closing', {
    retryable: true,
    outcome: 'none',
    retryAfter: 1_000,
  });

const clientGone = () => new CfluxError('UNREACHABLE', 'the client went away', { outcome: 'none' });

const noAddress: AddressInfo = { address: '', family: '', port: 0 };

const isAddress = (address: AddressInfo | string | null): address is AddressInfo =>
  typeof address === 'object' && address !== null;
