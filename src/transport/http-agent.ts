import type { KyInstance, Options } from 'ky';
import type { Agent } from 'undici';
import type { CertificateInfo } from '../certificates.js';
import { type Clock, systemClock } from '../clock.js';
import { TlsCredentials } from '../tls-credentials.js';
import type { TlsOptions } from './http-options.js';
import { runtimeSockets, type Sockets, undiciSockets } from './sockets.js';

interface Packages {
  readonly ky: KyInstance;
  /** Absent if the runtime makes the connections. */
  readonly Agent: typeof Agent | undefined;
}

/** Connections with the same certificates and the same resolved address. */
interface Connections {
  readonly sockets: Sockets;
  /** Number of requests whose response headers have not arrived. */
  waiting: number;
  isRetired: boolean;
}

export interface HttpAgentOptions {
  readonly tls: TlsOptions | undefined;
  readonly connectTimeout: number;
  readonly clock?: Clock;
}

/**
 * The connections of one client, and single attempts over them. The caller sets deadlines.
 *
 * ky and undici are loaded with the first request, because importing them takes longer than the rest of this library.
 */
export class HttpAgent {
  readonly #options: HttpAgentOptions;
  readonly #credentials: TlsCredentials | undefined;
  #packages: Promise<Packages> | undefined;
  /** The connections for the next request. */
  #current: Connections | undefined;
  /** All connections that are not closed. */
  readonly #open = new Set<Connections>();
  #generation = 0;
  #isDestroyed = false;

  /** @throws CfluxError `INVALID_OPTION` if a certificate or key cannot be used */
  constructor(options: HttpAgentOptions) {
    this.#options = options;
    const { tls, clock = systemClock } = options;
    if (tls === undefined) return;
    const { ca, cert, key, passphrase, warn = (message) => process.emitWarning(message), onLoad } = tls;
    this.#credentials = new TlsCredentials({ sources: { ca, cert, key, passphrase }, clock, warn, onLoad });
  }

  get certificates(): readonly CertificateInfo[] {
    return this.#credentials?.certificates ?? [];
  }

  /** Identifies the connections that the next request uses; for {@link renew}. */
  get generation(): number {
    return this.#generation;
  }

  /** Resolves with the response as soon as its headers have arrived, whatever its status. */
  async request(url: string, options: Options): Promise<Response> {
    if (this.#credentials?.refresh()) this.renew(this.#generation);
    this.#packages ??= load();
    const { ky, Agent } = await this.#packages;
    const connections = this.#connections(Agent);
    connections.waiting += 1;
    const { sockets } = connections;
    // Not through ky, which prepares for its own retries: it converts a body to a stream and tees it, and links signals.
    const { body, signal, ...others } = options;
    const own = { signal: signal ?? null, ...(body === undefined ? {} : { body }) };
    try {
      return await sockets.run(() =>
        ky(url, {
          ...others,
          // The options of the connections are not ky's.
          fetch: (input, init) => fetch(input, { ...init, ...own, ...sockets.options }),
          redirect: 'error',
          retry: 0,
          timeout: false,
          throwHttpErrors: false,
        }),
      );
    } finally {
      connections.waiting -= 1;
      this.#closeUnused(connections);
    }
  }

  /**
   * Uses new connections from now on, so that the host name is resolved again; the current ones are closed when their requests have
   * ended. Has no effect if the connections of `generation` were already replaced, so that of many failing requests only the first
   * renews.
   */
  renew(generation: number): void {
    if (generation !== this.#generation) return;
    this.#generation += 1;
    const retired = this.#current;
    this.#current = undefined;
    if (retired === undefined) return;
    retired.isRetired = true;
    this.#closeUnused(retired);
  }

  /** Closes every socket. Pending and later requests reject. */
  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    await Promise.all([...this.#open].map(({ sockets }) => sockets.destroy()));
  }

  #connections(Agent: Packages['Agent']): Connections {
    if (this.#current !== undefined) return this.#current;
    const { tls, connectTimeout } = this.#options;
    const credentials = this.#credentials?.values;
    const options = { tls: credentials && { servername: tls?.servername, ...credentials }, connectTimeout };
    const sockets = Agent === undefined ? runtimeSockets(options) : undiciSockets(Agent, options);
    const connections = { sockets, waiting: 0, isRetired: false };
    this.#current = connections;
    this.#open.add(connections);
    if (this.#isDestroyed) void sockets.destroy();
    return connections;
  }

  /** Closes unused connections after the headers of all requests: undici refuses requests once it closes, but waits for bodies itself. */
  #closeUnused(connections: Connections): void {
    if (!connections.isRetired || connections.waiting > 0 || this.#isDestroyed) return;
    void connections.sockets
      .close()
      .catch(() => {})
      .finally(() => this.#open.delete(connections));
  }
}

async function load(): Promise<Packages> {
  const [{ default: ky }, { Agent }] = await Promise.all([import('ky'), import('undici')]);
  return { ky, Agent: 'destroy' in Agent.prototype ? Agent : undefined };
}
