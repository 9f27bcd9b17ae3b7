import { lifetimeController } from '../async/lifetime.js';
import { withLinkedSignal } from '../async/linked-signal.js';
import { CfluxError } from '../errors.js';
import type { NodeInfo, Registration } from '../protocol/nodes.js';
import type { WaitForNodesRequest, WaitForNodesResult } from '../protocol/waiting-for-nodes.js';
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
} from '../transport/transport.js';
import type { Manager } from './manager.js';
import { nodeNotFound } from './refusals.js';

/**
 * Connects clients to a manager in the same process, without HTTP. The manager stays open when the transport closes.
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
  readonly #closing = lifetimeController();

  constructor(manager: Manager) {
    this.#manager = manager;
  }

  async register({ cluster, node, instance }: RegisterRequest, options?: CallOptions): Promise<Registration> {
    return this.#call(options, async () => {
      const { id, expirationDate } = await this.#manager.register(cluster, node, {}, { instance });
      return { id, expirationDate };
    });
  }

  async heartbeat(request: HeartbeatRequest, options?: CallOptions): Promise<void> {
    const { cluster, nodeId, leaving = false, node, progress = {} } = request;
    return this.#call(options, async () => {
      const isKnown = await this.#manager.heartbeat(cluster, nodeId, { leaving, node, progress });
      if (!isKnown) throw nodeNotFound(nodeId);
    });
  }

  async report({ cluster, nodeId, report }: ReportRequest, options?: CallOptions): Promise<void> {
    return this.#call(options, () => this.#manager.report(cluster, nodeId, report));
  }

  async deregister({ cluster, nodeId }: NodeRequest, options?: CallOptions): Promise<void> {
    return this.#call(options, () => this.#manager.deregister(cluster, nodeId));
  }

  async nodes({ cluster }: { cluster: string }, options?: CallOptions): Promise<readonly NodeInfo[]> {
    return this.#call(options, () => this.#manager.nodes(cluster));
  }

  async waitForNodes(request: WaitForNodesRequest, options?: CallOptions): Promise<WaitForNodesResult> {
    return this.#call(options, (signal) => this.#manager.waitForNodes(request, { signal }));
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

  /** Ends a waiting call at the caller's signal, its timeout, or when the transport closes, whichever comes first. */
  async #call<T>(
    { signal, timeout }: CallOptions = {},
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const parents = [this.#closing.signal, signal];
    for (const parent of parents) parent?.throwIfAborted();
    return withLinkedSignal(parents, async (ending, abort) => {
      const cancelTimeout =
        timeout === undefined
          ? undefined
          : this.#manager.clock.after(timeout, () => abort(timedOut(timeout)));
      try {
        return await call(ending);
      } finally {
        cancelTimeout?.();
      }
    });
  }
}

// A push that ends by a signal was still waiting in the queue: nothing was stored.
const timedOut = (timeout: number) =>
  new CfluxError('TIMEOUT', `no response within ${timeout} ms`, { retryable: true, outcome: 'notApplied' });
