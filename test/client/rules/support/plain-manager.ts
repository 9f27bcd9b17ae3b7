import type { NodeInfo } from 'clusterflux';
import type { Clock } from '../../../../src/clock.js';
import { CfluxError } from '../../../../src/errors.js';
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
} from '../../../../src/transport/transport.js';

/** What a manager of 2016 keeps of a version: its bytes. */
interface OldVersion {
  readonly version: number;
  readonly snapshot: Uint8Array;
}

/** It answers an unchanged poll after this long, whatever the client would like. */
const hold = 300_000;

/**
 * A manager of 2016, which speaks of no epochs, mutations, outcomes or offers: it compares versions and nothing else, holds
 * every poll that asks for what it has, and answers a node's own push through that node's own poll.
 */
export class OldManager implements Transport {
  readonly endpoint = 'old manager';
  /** Every version, oldest first. */
  readonly versions: OldVersion[] = [];
  readonly polls: PollRequest[] = [];
  readonly pushes: PushRequest[] = [];
  readonly nodesKnown = new Map<number, NodeInfo>();
  readonly #clock: Clock;
  readonly #held = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get latest(): OldVersion | undefined {
    return this.versions.at(-1);
  }

  /** It comes back with nothing. */
  wipe(): void {
    this.versions.length = 0;
  }

  async register({ node }: RegisterRequest) {
    const id = 8_001 + this.nodesKnown.size;
    const { ip, hostname, bindAddress = '' } = node;
    this.nodesKnown.set(id, { id, ip, hostname, bindAddress, alive: true });
    return { id, expirationDate: '' };
  }

  async heartbeat({ nodeId }: HeartbeatRequest): Promise<void> {
    if (!this.nodesKnown.has(nodeId)) throw unknownNode();
  }

  async deregister({ nodeId }: NodeRequest): Promise<void> {
    if (!this.nodesKnown.delete(nodeId)) throw unknownNode();
  }

  async nodes(): Promise<readonly NodeInfo[]> {
    return [...this.nodesKnown.values()];
  }

  async push(request: PushRequest): Promise<PushResult> {
    this.pushes.push(request);
    const { latest } = this;
    if (latest !== undefined && latest.version !== request.version) return { kind: 'conflict', ...latest };
    return { kind: 'committed', version: this.store(request.snapshot) };
  }

  /** A version made by somebody. */
  store(snapshot: Uint8Array): number {
    const version = (this.latest?.version ?? 0) + 1;
    this.versions.push({ version, snapshot });
    for (const look of [...this.#held]) look();
    return version;
  }

  async poll(request: PollRequest, { signal }: CallOptions = {}): Promise<PollResult> {
    this.polls.push(request);
    const end = this.#clock.monotonic() + hold;
    while (this.#clock.monotonic() < end) {
      const { latest } = this;
      if (latest !== undefined && latest.version !== request.version) return { kind: 'snapshot', ...latest };
      await this.#change(end - this.#clock.monotonic(), signal);
    }
    return { kind: 'unchanged' };
  }

  /** Resolves at the next version, or after `ms`. */
  #change(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const release = () => {
        cancel();
        this.#held.delete(look);
        signal?.removeEventListener('abort', onAbort);
      };
      const look = () => {
        release();
        resolve();
      };
      const onAbort = () => {
        release();
        reject(signal?.reason);
      };
      const cancel = this.#clock.after(ms, look);
      this.#held.add(look);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

const unknownNode = () => new CfluxError('NODE_NOT_FOUND', 'Key not found', { outcome: 'none' });
