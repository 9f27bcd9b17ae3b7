import type { Deadlines } from '../../async/deadlines.js';
import { withLinkedSignal } from '../../async/linked-signal.js';
import type { CfluxError } from '../../errors.js';
import { noVersion } from '../../protocol/version.js';
import type { PushRequest } from '../../transport/transport.js';
import type { Requester } from '../audit.js';
import type { ManagerStore } from '../manager-store.js';
import type { ManagerPushResult } from './manager-push.js';
import { PushAdmission } from './push-admission.js';
import { type Contender, pusherOf } from './pusher.js';

/** Runs the pushes to one cluster one after the other (R26): with this manager's own queue, or with that of a shared store. */
export class PushQueue {
  readonly #cluster: string;
  readonly #turns: PushAdmission;
  /** Set if the store queues the pushes of all managers: then it decides the order. */
  readonly #shared: ManagerStore['pushQueue'];
  /** Pushes that wait in the store's queue. */
  readonly #sharing = new Set<(reason: unknown) => void>();

  constructor(
    cluster: string,
    {
      store,
      deadlines,
      ...settings
    }: {
      readonly store: ManagerStore;
      readonly deadlines: Deadlines;
      readonly conflictHold: number;
      readonly monotonic: () => number;
    },
  ) {
    this.#cluster = cluster;
    this.#turns = new PushAdmission(deadlines, settings);
    this.#shared = store.pushQueue;
  }

  /** The store queues the pushes of all managers. */
  get isShared(): boolean {
    return this.#shared !== undefined;
  }

  get isIdle(): boolean {
    return this.#sharing.size === 0 && this.#turns.isIdle;
  }

  /** Number of pushes that wait. */
  get length(): number {
    return this.#turns.length + this.#sharing.size;
  }

  /** Runs `push` when it is admitted; `signal` ends the wait for that. */
  push(
    request: Pick<PushRequest, 'nodeId' | 'requester' | 'version'>,
    requester: Requester,
    push: (signal?: AbortSignal) => Promise<ManagerPushResult>,
    signal?: AbortSignal,
  ): Promise<ManagerPushResult> {
    if (this.#shared) return this.#inSharedQueue(push, signal);
    const contender = { requester: pusherOf(request, requester), base: request.version };
    return this.#whenAdmitted(contender, push, signal);
  }

  /** The node has nothing to push after all. */
  yield(nodeId: number | undefined, requester: Requester): void {
    const pusher = pusherOf({ nodeId }, requester);
    this.#turns.yield(pusher);
    this.#shared?.yield(this.#cluster, pusher);
  }

  /** Runs `work` while no push of this manager runs. */
  async alone(work: () => Promise<void>): Promise<void> {
    const recovery = { requester: { name: 'recovery', isShared: true }, base: noVersion };
    await this.#turns.enter(recovery);
    try {
      await work();
    } finally {
      this.#turns.leave(recovery);
    }
  }

  close(reason: CfluxError): void {
    this.#turns.close(reason);
    for (const abort of this.#sharing) abort(reason);
  }

  /** Passes the push to the store, which queues it; the wait ends when the store is done, when `signal` aborts, or when this closes. */
  async #inSharedQueue(
    push: (signal: AbortSignal) => Promise<ManagerPushResult>,
    signal?: AbortSignal,
  ): Promise<ManagerPushResult> {
    signal?.throwIfAborted();
    return withLinkedSignal([signal], async (ending, abort) => {
      this.#sharing.add(abort);
      try {
        return await push(ending);
      } finally {
        this.#sharing.delete(abort);
      }
    });
  }

  async #whenAdmitted(
    arriving: Contender,
    push: (signal?: AbortSignal) => Promise<ManagerPushResult>,
    signal?: AbortSignal,
  ): Promise<ManagerPushResult> {
    const contender = await this.#turns.enter(arriving, signal);
    let result: ManagerPushResult | undefined;
    try {
      result = await push(signal);
      return result;
    } finally {
      this.#turns.leave(contender, result);
    }
  }
}
