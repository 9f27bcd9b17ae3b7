import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { KyInstance, Options } from 'ky';
import type { Agent } from 'undici';
import { CfluxError } from '../errors.js';
import type { TlsOptions } from './http-options.js';

/** What sends requests. */
interface Sender {
  readonly ky: KyInstance;
  readonly agent: Agent;
}

/**
 * Connections of one client, and single attempts over them. Without undici's own limits of 300 s, which would end a poll before its
 * hold does: deadlines are the caller's.
 *
 * ky and undici are loaded with the first request: to import them takes longer than all the rest of this library.
 */
export class HttpAgent {
  readonly #options: Agent.Options;
  #sender: Promise<Sender> | undefined;
  #isDestroyed = false;

  /** @throws CfluxError `INVALID_OPTION` where a certificate or key cannot be used */
  constructor(tls: TlsOptions | undefined, connectTimeout: number) {
    const connect = tls && checked(tls);
    this.#options = {
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: connectTimeout, servername: tls?.servername, ...connect },
    };
  }

  /** The answer as soon as its headers are here, whatever its status. */
  async request(url: string, options: Options): Promise<Response> {
    this.#sender ??= this.#load();
    const { ky, agent } = await this.#sender;
    // Of no known fields: the declarations of undici differ from those of Node's built-in copy of it.
    const dispatcher: object = { dispatcher: agent };
    return ky(url, {
      ...options,
      ...dispatcher,
      redirect: 'error',
      retry: 0,
      timeout: false,
      throwHttpErrors: false,
    });
  }

  /** Frees every socket; requests under way reject, and those to come. */
  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    const sender = await this.#sender?.catch(() => undefined);
    await sender?.agent.destroy();
  }

  async #load(): Promise<Sender> {
    const [{ default: ky }, undici] = await Promise.all([import('ky'), import('undici')]);
    const agent = new undici.Agent(this.#options);
    if (this.#isDestroyed) await agent.destroy();
    return { ky, agent };
  }
}

/** As undici and Node's TLS take it. What cannot be used is told now, not at the first request. */
function checked(tls: TlsOptions) {
  const connect = {
    ca: tls.ca && (Array.isArray(tls.ca) ? tls.ca.map(pem) : pem(tls.ca)),
    cert: tls.cert && pem(tls.cert),
    key: tls.key && pem(tls.key),
    passphrase: tls.passphrase,
  };
  try {
    createSecureContext(connect);
    // A text without a certificate would be passed over in silence, and every server with it.
    for (const ca of [connect.ca ?? []].flat()) new X509Certificate(ca);
  } catch (cause) {
    throw new CfluxError('INVALID_OPTION', `tls: ${CfluxError.from(cause).message}`, { cause });
  }
  return connect;
}

/** undici and Node's TLS take Buffers, not every Uint8Array. */
const pem = (value: string | Uint8Array) => (typeof value === 'string' ? value : Buffer.from(value));
