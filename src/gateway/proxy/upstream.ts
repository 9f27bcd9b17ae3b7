import { type ClientRequest, Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { TlsCredentials, type TlsSources } from '../../tls-credentials.js';
import type { RawHeaders } from './raw-headers.js';

export interface UpstreamOptions {
  /** URL of the server, possibly with a path. */
  readonly url: string;
  readonly tls?: TlsSources | undefined;
  /** Maximum milliseconds to make a connection. */
  readonly connectTimeout: number;
  readonly clock: Clock;
  /** Called when a connection has ended, by either side. */
  readonly onDisconnect?: () => void;
}

/** The head of a request to the server. */
export interface UpstreamHead {
  readonly method: string;
  /** The request target as the client sent it. */
  readonly target: string;
  readonly headers: RawHeaders;
}

/** The largest head of a response: the server repeats parameters in none, but proxies add headers. */
const maxHeaderSize = 256 * 1024;
/** Milliseconds after which an idle connection is probed. */
const probeAfter = 30_000;
/** Idle connections kept for later requests. */
const idle = 256;

/**
 * The connections to the server. Each request has a connection of its own while it lasts, so a request is never sent twice and never
 * waits for another one.
 */
export class Upstream {
  readonly #options: UpstreamOptions;
  readonly #origin: URL;
  readonly #prefix: string;
  readonly #agent: HttpAgent;
  readonly #credentials: TlsCredentials | undefined;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#origin = new URL(options.url);
    this.#prefix = this.#origin.pathname === '/' ? '' : this.#origin.pathname;
    const isTls = this.#origin.protocol === 'https:';
    const settings = { keepAlive: true, maxFreeSockets: idle, scheduling: 'lifo' } as const;
    this.#agent = isTls ? new HttpsAgent(settings) : new HttpAgent(settings);
    if (isTls) {
      const { tls: sources = {}, clock } = options;
      this.#credentials = new TlsCredentials({ sources, clock, warn: () => {} });
    }
  }

  /** `host:port` of the server. */
  get host(): string {
    return this.#origin.host;
  }

  /** Begins a request; the caller writes its body and ends it. */
  begin({ method, target, headers }: UpstreamHead): ClientRequest {
    const { hostname, port, protocol } = this.#origin;
    this.#credentials?.refresh();
    const options = {
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (protocol === 'https:' ? 443 : 80) : port,
      method,
      path: this.#prefix + target,
      headers: headers as string[],
      agent: this.#agent,
      maxHeaderSize,
      // The server is trusted, and repeats control characters of a refused statement in a header.
      insecureHTTPParser: true,
      ...this.#credentials?.values,
    };
    const request = protocol === 'https:' ? requestHttps(options) : requestHttp(options);
    request.once('socket', (socket) => this.#limitConnecting(request, socket));
    return request;
  }

  close(): void {
    this.#agent.destroy();
  }

  #limitConnecting(request: ClientRequest, socket: Socket): void {
    if (!socket.connecting) return;
    socket.setKeepAlive(true, probeAfter);
    const { clock, connectTimeout, url, onDisconnect } = this.#options;
    if (onDisconnect !== undefined) socket.once('close', onDisconnect);
    const cancel = clock.after(connectTimeout, () => {
      const text = `cannot connect to InfluxDB at ${url} within ${connectTimeout} ms`;
      request.destroy(new CfluxError('UNREACHABLE', text, { retryable: true }));
    });
    socket.once(this.#credentials === undefined ? 'connect' : 'secureConnect', cancel);
    socket.once('close', cancel);
  }
}
