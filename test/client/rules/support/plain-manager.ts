import type { NodeInfo } from 'clusterflux';
import type { Clock } from '../../../../src/clock.js';
import { CfluxError } from '../../../../src/errors.js';
import type {
  CallOptions,
  EpochMismatch,
  HeartbeatRequest,
  NodeRequest,
  PollRequest,
  PollResult,
  PushRequest,
  PushResult,
  RegisterRequest,
  Transport,
} from '../../../../src/transport/transport.js';

/** What a manager keeps of a version; one of 2016 only its bytes. */
interface PlainVersion {
  readonly version: number;
  readonly snapshot: Uint8Array;
  readonly mutation?: string;
}

/** It responds to an unchanged poll after this long, if it does not know that clients may request another time. */
const hold = 300_000;

/**
 * A manager of few lines, whose data a test sets as it likes. It compares versions and nothing else, and responds with a node's own
 * push to that node's own poll. Without an epoch it is one of 2016, without epochs, mutations, outcomes and offers,
 * and holds every poll that asks for what it has.
 */
export class PlainManager implements Transport {
  readonly endpoint = 'plain manager';
  /** Every version, oldest first. */
  versions: PlainVersion[] = [];
  readonly polls: PollRequest[] = [];
  readonly pushes: PushRequest[] = [];
  readonly nodesKnown = new Map<number, NodeInfo>();
  epoch: string | undefined;
  /** It sends its epoch, and ignores the epoch of requests. */
  ignoresEpochs = false;
  readonly #clock: Clock;
  readonly #held = new Set<() => void>();

  constructor(clock: Clock, epoch?: string) {
    this.#clock = clock;
    this.epoch = epoch;
  }

  get latest(): PlainVersion | undefined {
    return this.versions.at(-1);
  }

  /** It comes back with `versions`, and whatever `epoch` they are of. */
  restore(versions: readonly PlainVersion[], epoch = this.epoch): void {
    this.versions = [...versions];
    this.epoch = epoch;
    this.#look();
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
    if (this.#isForeign(request)) return this.#foreign();
    const { latest, epoch } = this;
    if (latest !== undefined && latest.version !== request.version)
      return { kind: 'conflict', ...latest, epoch };
    return { kind: 'committed', version: this.store(request.snapshot, request.mutation), epoch };
  }

  /** A version made by any node. */
  store(snapshot: Uint8Array, mutation = `mutation ${this.versions.length + 1}`): number {
    const version = (this.latest?.version ?? 0) + 1;
    this.versions.push({ version, snapshot, ...(this.epoch === undefined ? {} : { mutation }) });
    this.#look();
    return version;
  }

  async poll(request: PollRequest, { signal }: CallOptions = {}): Promise<PollResult> {
    this.polls.push(request);
    const end = this.#clock.monotonic() + (this.epoch === undefined ? hold : request.wait);
    for (;;) {
      const { latest, epoch } = this;
      if (this.#isForeign(request)) return this.#foreign();
      if (latest !== undefined && this.#differs(latest, request))
        return { kind: 'snapshot', ...latest, epoch };
      if (this.#clock.monotonic() >= end) return { kind: 'unchanged', epoch };
      await this.#change(end - this.#clock.monotonic(), signal);
    }
  }

  #isForeign({ epoch }: PushRequest | PollRequest): boolean {
    if (this.ignoresEpochs || this.epoch === undefined) return false;
    return epoch !== undefined && epoch !== this.epoch;
  }

  #foreign(): EpochMismatch {
    return { kind: 'epochMismatch', epoch: this.epoch ?? '', version: this.latest?.version ?? 0 };
  }

  #differs(latest: PlainVersion, { version, mutation }: PollRequest): boolean {
    if (latest.version !== version) return true;
    return latest.mutation !== undefined && mutation !== undefined && latest.mutation !== mutation;
  }

  #look(): void {
    for (const look of [...this.#held]) look();
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

const unknownNode = () => new CfluxError('NODE_NOT_FOUND', 'Key not found', { outcome: 'notApplied' });
