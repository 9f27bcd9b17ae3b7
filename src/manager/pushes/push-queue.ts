import type { Deadlines } from '../../async/deadlines.js';
import { withLinkedSignal } from '../../async/linked-signal.js';
import type { CfluxError } from '../../errors.js';
import { noVersion } from '../../protocol/version.js';
import type { PushRequest, PushResult } from '../../transport/transport.js';
import type { Requester } from '../audit.js';
import type { ManagerStore } from '../manager-store.js';
import { PushAdmission } from './push-admission.js';
import { type Contender, pusherOf } from './pusher.js';

/** Pushes to one cluster, one after the other (R26): in this manager's turns, or in those of a store that managers share. */
export class PushQueue {
  readonly #cluster: string;
  readonly #turns: PushAdmission;
  /** The store knows of pushes at other managers, too: turns are its business then. */
  readonly #shared: ManagerStore['pushQueue'];
  /** Pushes that the store has, and that wait there. */
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

  get isIdle(): boolean {
    return this.#sharing.size === 0 && this.#turns.isIdle;
  }

  /** Pushes that wait. */
  get length(): number {
    return this.#turns.length + this.#sharing.size;
  }

  /** Runs `push` in its turn; `signal` ends the wait for that. */
  push(
    { nodeId, version: base }: PushRequest,
    { remote }: Requester,
    push: (signal?: AbortSignal) => Promise<PushResult>,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    if (this.#shared) return this.#inSharedTurn(push, signal);
    return this.#inTurn({ requester: pusherOf(nodeId, remote), base }, push, signal);
  }

  /** The node has nothing to push after all. */
  yield(nodeId: number | undefined, { remote }: Requester): void {
    this.#turns.yield(pusherOf(nodeId, remote));
    this.#shared?.yield(this.#cluster, nodeId, remote);
  }

  /** Runs `work` while no push of this manager's runs. */
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

  /** The store waits with what it is given until its turn comes, its signal says so, or this closes. */
  async #inSharedTurn(
    push: (signal: AbortSignal) => Promise<PushResult>,
    signal?: AbortSignal,
  ): Promise<PushResult> {
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

  async #inTurn(
    contender: Contender,
    push: (signal?: AbortSignal) => Promise<PushResult>,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    await this.#turns.enter(contender, signal);
    let result: PushResult | undefined;
    try {
      result = await push(signal);
      return result;
    } finally {
      this.#turns.leave(contender, result);
    }
  }
}
