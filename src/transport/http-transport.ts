import type { CertificateInfo } from '../certificates.js';
import { anything, either, func, number, object, objectWith, optionsCheck, text } from '../check-options.js';
import type { NodeInfo, Registration } from '../protocol/nodes.js';
import { HttpAttempts } from './http-attempts.js';
import type { HttpTransportOptions } from './http-options.js';
import type {
  CallOptions,
  HeartbeatRequest,
  NodeRequest,
  PollRequest,
  PollResult,
  PushRequest,
  PushResult,
  RegisterRequest,
  Transport,
} from './transport.js';
import { withRetry } from './with-retry.js';

const checkOptions = optionsCheck<HttpTransportOptions>('HttpTransport', {
  endpoint: anything,
  token: either(text, func),
  tls: object,
  retry: object,
  connectTimeout: number,
  bodyIdleTimeout: number,
  maxSnapshotBytes: number,
  maxAnswerBytes: number,
  clock: objectWith('now', 'monotonic', 'after'),
  random: anything,
});

/**
 * Reaches a manager over the published HTTP API, on ky and the global `fetch`. Every call makes up to five attempts and has a
 * deadline; a poll outlives the 300 s after which `fetch` alone gives up. Answers are taken only if they are whole and a
 * manager's own: a web page, a cut or changed snapshot, a redirect count as failed attempts.
 *
 * @throws CfluxError `INVALID_OPTION` where an option cannot be used.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 *
 * const transport = new HttpTransport({
 *   endpoint: ['https://manager-1:8000', 'https://manager-2:8000'],
 *   token: () => readFile('/etc/cflux/token', 'utf8').then((text) => text.trim()),
 *   tls: { ca: await readFile('/etc/cflux/ca.crt') },
 * });
 * ```
 */
export class HttpTransport implements Transport {
  readonly retries = true;
  readonly #attempts: HttpAttempts;
  readonly #calls: Transport;

  constructor(options: HttpTransportOptions = {}) {
    checkOptions(options);
    const { clock, random, retry } = options;
    this.#attempts = new HttpAttempts(options);
    this.#calls = withRetry(this.#attempts, {
      ...retry,
      ...(clock === undefined ? {} : { clock }),
      ...(random === undefined ? {} : { random }),
    });
  }

  /** The URL that the next request goes to. */
  get endpoint(): string {
    return this.#calls.endpoint ?? '';
  }

  /** TLS certificates of its connections: this node's own, and the authorities that it trusts. */
  get certificates(): readonly CertificateInfo[] {
    return this.#attempts.certificates;
  }

  register(request: RegisterRequest, options?: CallOptions): Promise<Registration> {
    return this.#calls.register(request, options);
  }

  heartbeat(request: HeartbeatRequest, options?: CallOptions): Promise<void> {
    return this.#calls.heartbeat(request, options);
  }

  deregister(request: NodeRequest, options?: CallOptions): Promise<void> {
    return this.#calls.deregister(request, options);
  }

  nodes(request: { readonly cluster: string }, options?: CallOptions): Promise<readonly NodeInfo[]> {
    return this.#calls.nodes(request, options);
  }

  push(request: PushRequest, options?: CallOptions): Promise<PushResult> {
    return this.#calls.push(request, options);
  }

  poll(request: PollRequest, options?: CallOptions): Promise<PollResult> {
    return this.#calls.poll(request, options);
  }

  /** Frees every socket; calls under way reject with `CLOSED`. */
  async close(): Promise<void> {
    await this.#calls.close?.();
  }
}
