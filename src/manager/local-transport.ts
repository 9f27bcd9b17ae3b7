import { setMaxListeners } from 'node:events';
import { CfluxError } from '../errors.js';
import type { NodeInfo, Registered } from '../protocol/nodes.js';
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
} from '../transport/transport.js';
import type { Manager } from './manager.js';

/**
 * Reaches a manager of the same process, without HTTP. The manager stays open when the transport closes.
 *
 * @example
 * ```ts
 * const client = new CfluxClient(new LocalMetaClient(), { transport: new LocalTransport(manager) });
 * await client.open();
 * ```
 */
export class LocalTransport implements Transport {
  readonly endpoint = 'local';
  readonly #manager: Manager;
  readonly #closing = new AbortController();

  constructor(manager: Manager) {
    this.#manager = manager;
    // Every call under way listens: Node would warn of a leak from the eleventh on.
    setMaxListeners(0, this.#closing.signal);
  }

  async register({ cluster, node }: RegisterRequest, options?: CallOptions): Promise<Registered> {
    return this.#call(options, async () => {
      const { id, expirationDate } = await this.#manager.register(cluster, node);
      return { id, expirationDate };
    });
  }

  async heartbeat(request: HeartbeatRequest, options?: CallOptions): Promise<void> {
    const { cluster, nodeId, leaving = false, node } = request;
    return this.#call(options, () => this.#manager.heartbeat(cluster, nodeId, { leaving, node }));
  }

  async deregister({ cluster, nodeId }: NodeRequest, options?: CallOptions): Promise<void> {
    return this.#call(options, () => this.#manager.deregister(cluster, nodeId));
  }

  async nodes({ cluster }: { cluster: string }, options?: CallOptions): Promise<readonly NodeInfo[]> {
    return this.#call(options, () => this.#manager.nodes(cluster));
  }

  async push(request: PushRequest, options?: CallOptions): Promise<PushResult> {
    return this.#call(options, (signal) => this.#manager.push(request, { signal }));
  }

  async poll(request: PollRequest, options?: CallOptions): Promise<PollResult> {
    return this.#call(options, (signal) => this.#manager.poll(request, { signal }));
  }

  close(): void {
    this.#closing.abort(new CfluxError('CLOSED', 'the transport is closed'));
  }

  /** Ends a call that waits at the caller's signal, its timeout, or our close, whichever comes first. */
  async #call<T>(
    { signal, timeout }: CallOptions = {},
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    this.#closing.signal.throwIfAborted();
    signal?.throwIfAborted();
    const ending = new AbortController();
    const onAbort = () => ending.abort(signal?.reason);
    const onClose = () => ending.abort(this.#closing.signal.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#closing.signal.addEventListener('abort', onClose, { once: true });
    const cancelTimeout =
      timeout === undefined
        ? undefined
        : this.#manager.clock.after(timeout, () => ending.abort(timedOut(timeout)));
    try {
      return await call(ending.signal);
    } finally {
      cancelTimeout?.();
      signal?.removeEventListener('abort', onAbort);
      this.#closing.signal.removeEventListener('abort', onClose);
    }
  }
}

// A push that ends by a signal was still waiting for its turn: nothing was stored.
const timedOut = (timeout: number) =>
  new CfluxError('TIMEOUT', `no answer within ${timeout} ms`, { retryable: true, outcome: 'none' });
