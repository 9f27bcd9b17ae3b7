import type { KyInstance, Options } from 'ky';
import type { Agent } from 'undici';
import type { CertificateInfo } from '../certificates.js';
import { type Clock, systemClock } from '../clock.js';
import { TlsCredentials } from '../tls-credentials.js';
import type { TlsOptions } from './http-options.js';

interface Packages {
  readonly ky: KyInstance;
  readonly Agent: typeof Agent;
}

/** Connections that share the certificates and the address with which they were made. */
interface Connections {
  readonly agent: Agent;
  /** Requests whose headers have not arrived. */
  waiting: number;
  isRetired: boolean;
}

export interface HttpAgentOptions {
  readonly tls: TlsOptions | undefined;
  readonly connectTimeout: number;
  readonly clock?: Clock;
}

/**
 * Connections of one client, and single attempts over them. Without undici's own limits of 300 s, which would end a poll before its
 * hold does: deadlines are the caller's.
 *
 * ky and undici are loaded with the first request: to import them takes longer than all the rest of this library.
 */
export class HttpAgent {
  readonly #options: HttpAgentOptions;
  readonly #credentials: TlsCredentials | undefined;
  #packages: Promise<Packages> | undefined;
  /** Those for the next request. */
  #current: Connections | undefined;
  /** All that are not closed. */
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

  /** Which connections the next request uses; for {@link renew}. */
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
    // Of no known fields: the declarations of undici differ from those of Node's built-in copy of it.
    const dispatcher: object = { dispatcher: connections.agent };
    try {
      return await ky(url, {
        ...options,
        ...dispatcher,
        redirect: 'error',
        retry: 0,
        timeout: false,
        throwHttpErrors: false,
      });
    } finally {
      connections.waiting -= 1;
      this.#closeUnused(connections);
    }
  }

  /**
   * Uses new connections from now on, so that the host name is resolved again; the present ones are closed when their requests have
   * ended. Has no effect if the connections of `generation` were replaced already: of many requests that fail at once, only the first
   * has an effect.
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

  /** Frees every socket; requests under way reject, and those to come. */
  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    await Promise.all([...this.#open].map(({ agent }) => agent.destroy()));
  }

  #connections(Agent: Packages['Agent']): Connections {
    if (this.#current !== undefined) return this.#current;
    const { tls, connectTimeout } = this.#options;
    const connect = { timeout: connectTimeout, servername: tls?.servername, ...this.#credentials?.values };
    const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect });
    const connections = { agent, waiting: 0, isRetired: false };
    this.#current = connections;
    this.#open.add(connections);
    if (this.#isDestroyed) void agent.destroy();
    return connections;
  }

  /** undici refuses requests as soon as it closes, so those that it has not got yet are waited for; it waits for bodies itself. */
  #closeUnused(connections: Connections): void {
    if (!connections.isRetired || connections.waiting > 0 || this.#isDestroyed) return;
    void connections.agent
      .close()
      .catch(() => {})
      .finally(() => this.#open.delete(connections));
  }
}

async function load(): Promise<Packages> {
  const [{ default: ky }, { Agent }] = await Promise.all([import('ky'), import('undici')]);
  return { ky, Agent };
}
