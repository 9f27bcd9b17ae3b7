import type { CertificateInfo } from '../certificates.js';
import { optionsCheck } from '../check-options.js';
import type { NodeInfo, Registration } from '../protocol/nodes.js';
import {
  cannotWait,
  type WaitForNodesRequest,
  type WaitForNodesResult,
} from '../protocol/waiting-for-nodes.js';
import { anything, clock as clockKind, either, func, number, text } from '../value-kinds.js';
import { HttpAttempts } from './http-attempts.js';
import type { HttpTransportOptions } from './http-options.js';
import { tlsKind } from './http-options.js';
import type {
  CallOptions,
  HeartbeatRequest,
  NodeRequest,
  PollRequest,
  PollResult,
  PushRequest,
  PushResult,
  RegisterRequest,
  ReportRequest,
  Transport,
} from './transport.js';
import { retryKind, withRetry } from './with-retry.js';

const checkOptions = optionsCheck<HttpTransportOptions>('HttpTransport', {
  endpoint: anything,
  token: either(text, func),
  tls: tlsKind,
  retry: retryKind,
  connectTimeout: number,
  bodyIdleTimeout: number,
  maxSnapshotBytes: number,
  maxAnswerBytes: number,
  clock: clockKind,
  random: func,
});

/**
 * Connects to a manager over the published HTTP API, with ky and the global `fetch`. Every call makes up to five attempts and has a
 * deadline; a poll can exceed the 300 s after which `fetch` alone times out. Only complete responses of a manager are accepted: a
 * web page, a truncated or changed snapshot, and a redirect count as failed attempts.
 *
 * @throws CfluxError `INVALID_OPTION` if an option is invalid.
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

  /** The URL of the next request. */
  get endpoint(): string {
    return this.#calls.endpoint ?? '';
  }

  /** TLS certificates of its connections: this node's own, and the trusted authorities. */
  get certificates(): readonly CertificateInfo[] {
    return this.#attempts.certificates;
  }

  register(request: RegisterRequest, options?: CallOptions): Promise<Registration> {
    return this.#calls.register(request, options);
  }

  heartbeat(request: HeartbeatRequest, options?: CallOptions): Promise<void> {
    return this.#calls.heartbeat(request, options);
  }

  /** Rejects with `NO_SUCH_ROUTE` if the manager takes no reports. */
  async report(request: ReportRequest, options?: CallOptions): Promise<void> {
    await this.#calls.report?.(request, options);
  }

  deregister(request: NodeRequest, options?: CallOptions): Promise<void> {
    return this.#calls.deregister(request, options);
  }

  nodes(request: { readonly cluster: string }, options?: CallOptions): Promise<readonly NodeInfo[]> {
    return this.#calls.nodes(request, options);
  }

  /** Rejects with `NO_SUCH_ROUTE` if the manager cannot wait for nodes. */
  async waitForNodes(request: WaitForNodesRequest, options?: CallOptions): Promise<WaitForNodesResult> {
    const waiting = this.#calls.waitForNodes?.(request, options);
    if (waiting === undefined) throw cannotWait();
    return waiting;
  }

  push(request: PushRequest, options?: CallOptions): Promise<PushResult> {
    return this.#calls.push(request, options);
  }

  poll(request: PollRequest, options?: CallOptions): Promise<PollResult> {
    return this.#calls.poll(request, options);
  }

  /** Closes every socket. Pending calls reject with `CLOSED`. */
  async close(): Promise<void> {
    await this.#calls.close?.();
  }
}
