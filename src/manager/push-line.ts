import type { CfluxError } from '../errors.js';
import type { PushRequest, PushResult } from '../transport/transport.js';
import type { Asker } from './audit.js';
import type { Deadlines } from './deadlines.js';
import type { ManagerStore } from './manager-store.js';
import { Turns } from './turns.js';

/** Pushes to one cluster, one after the other (R26): in this manager's turns, or in those of a store that managers share. */
export class PushLine {
  readonly #cluster: string;
  readonly #turns: Turns;
  /** The store knows of pushes at other managers, too: turns are its business then. */
  readonly #shared: ManagerStore['sharedTurns'];
  /** Pushes that the store has, and that wait there. */
  readonly #sharing = new Set<AbortController>();

  constructor(
    cluster: string,
    {
      store,
      deadlines,
      turn,
    }: { readonly store: ManagerStore; readonly deadlines: Deadlines; readonly turn: number },
  ) {
    this.#cluster = cluster;
    this.#turns = new Turns(deadlines, turn);
    this.#shared = store.sharedTurns;
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
    { nodeId }: PushRequest,
    asker: Asker,
    push: (signal?: AbortSignal) => Promise<PushResult>,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    return this.#shared ? this.#inSharedTurn(push, signal) : this.#inTurn(nodeId, asker, push, signal);
  }

  /** The node has nothing to push after all. */
  yield(nodeId: number | undefined, asker: Asker): void {
    this.#turns.yield(identity(nodeId, asker));
    this.#shared?.yield(this.#cluster, nodeId);
  }

  /** Runs `work` while no push of this manager's runs. */
  async alone(work: () => Promise<void>): Promise<void> {
    const who = 'recovery';
    await this.#turns.enter(who);
    try {
      await work();
    } finally {
      this.#turns.leave(who, false);
    }
  }

  close(reason: CfluxError): void {
    this.#turns.close(reason);
    for (const push of this.#sharing) push.abort(reason);
  }

  /** The store waits with what it is given until its turn comes, its signal says so, or this closes. */
  async #inSharedTurn(
    push: (signal: AbortSignal) => Promise<PushResult>,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    signal?.throwIfAborted();
    const ending = new AbortController();
    const onAbort = () => ending.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#sharing.add(ending);
    try {
      return await push(ending.signal);
    } finally {
      this.#sharing.delete(ending);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #inTurn(
    nodeId: number | undefined,
    asker: Asker,
    push: (signal?: AbortSignal) => Promise<PushResult>,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    const who = identity(nodeId, asker);
    await this.#turns.enter(who, signal);
    let lost = false;
    try {
      const result = await push(signal);
      lost = result.kind === 'conflict';
      return result;
    } finally {
      this.#turns.leave(who, lost);
    }
  }
}

/** Whose turn it is is told by the node's id; clients of 2016 have none, their address must do. */
const identity = (nodeId: number | undefined, { remote }: Asker) =>
  nodeId === undefined ? `at ${remote ?? 'unknown'}` : `node ${nodeId}`;
