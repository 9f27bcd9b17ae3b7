import type { Deadlines } from '../../async/deadlines.js';
import { onAbort } from '../../async/on-abort.js';
import { kindOf, type NodeProgress } from '../../protocol/node-progress.js';
import type { NodeKind } from '../../protocol/nodes.js';
import type { WaitForNodesRequest, WaitForNodesResult } from '../../protocol/waiting-for-nodes.js';
import { NodeWait } from './node-wait.js';
import type { NodesLook } from './nodes-look.js';

export interface NodeWaitsParts {
  readonly look: () => Promise<NodesLook>;
  readonly deadlines: Deadlines;
  readonly monotonic: () => number;
  /** Milliseconds between two looks at the nodes if nothing else causes one: for deaths, and for nodes that report to another manager. */
  readonly interval: number;
}

/** How a wait may be held. */
export interface WaitHolding {
  /** Called before the wait is held; its result is called afterwards. */
  readonly takeSlot: () => () => void;
  readonly signal?: AbortSignal | undefined;
}

/** A look takes at most one part in this many of the time: with ten thousand nodes it is expensive. */
const share = 5;
/** Intervals until the next look at most: a process that was stopped during a look did not look all that time. */
const longestPause = 10;

/**
 * The waits of one cluster until its nodes have a version. The nodes are listed once for all waits; between two such looks the missing
 * nodes are counted down as they report, so that a version that spreads to a thousand nodes costs two looks.
 */
export class NodeWaits {
  readonly #parts: NodeWaitsParts;
  readonly #waits = new Set<NodeWait>();
  /** By version: the kinds of the nodes that lack it, as far as they have not reported it since. */
  readonly #missing = new Map<number, Map<number, NodeKind | undefined>>();
  #looking: Promise<void> | undefined;
  #isDue = false;
  /** When the next look may begin, by the monotonic clock. */
  #notBefore = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;

  constructor(parts: NodeWaitsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#waits.size;
  }

  /** @throws `EPOCH_MISMATCH`: the version is not part of the present history, or ceased to be */
  async wait(request: WaitForNodesRequest, { takeSlot, signal }: WaitHolding): Promise<WaitForNodesResult> {
    const wait = new NodeWait(request);
    const end = this.#parts.monotonic() + request.wait;
    this.#waits.add(wait);
    const unsubscribe = onAbort(signal, (reason) => wait.fail(reason));
    let cancel = () => {};
    let release = () => {};
    try {
      // A look that has begun may have missed what the requester knows.
      while (!wait.isJudged) await Promise.race([this.#lookNow(), wait.outcome]);
      const left = end - this.#parts.monotonic();
      if (left <= 0) wait.end();
      else {
        release = takeSlot();
        cancel = this.#parts.deadlines.add(left, () => wait.end());
        this.#lookIn(this.#parts.interval);
      }
      return await wait.outcome;
    } finally {
      release();
      cancel();
      unsubscribe();
      this.#waits.delete(wait);
      if (this.#waits.size === 0) this.#rest();
    }
  }

  /** A node reported `progress`, by a heartbeat or a poll. */
  noteProgress(nodeId: number, progress: NodeProgress, isPoll: boolean): void {
    for (const [version, missing] of this.#missing) {
      if (!missing.has(nodeId)) continue;
      const kind = isPoll ? missing.get(nodeId) : kindOf(progress);
      const reported = kind === 'agent' ? (isPoll ? undefined : progress.applied) : progress.version;
      if (reported === undefined || reported < version) continue;
      missing.delete(nodeId);
      if (missing.size > 0) continue;
      this.#missing.delete(version);
      this.#lookIn(0);
    }
  }

  /** The history may have changed. */
  changed(): void {
    if (this.#waits.size > 0) this.#lookIn(0);
  }

  close(reason: unknown): void {
    for (const wait of this.#waits) wait.fail(reason);
  }

  /** Resolves after a look that began later. A look under way is followed by one look for all that wait for it. */
  async #lookNow(): Promise<void> {
    await this.#looking?.catch(() => {});
    this.#looking ??= this.#look();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { look, monotonic, interval } = this.#parts;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#isDue = false;
    const judged = [...this.#waits];
    const begin = monotonic();
    try {
      const found = await look();
      for (const wait of judged) wait.judge(found);
    } finally {
      const end = monotonic();
      this.#notBefore = end + Math.min((share - 1) * (end - begin), longestPause * interval);
      this.#looking = undefined;
      this.#expect();
      this.#lookIn(this.#isDue ? 0 : interval);
    }
  }

  /** Notes which nodes the waits miss. */
  #expect(): void {
    this.#missing.clear();
    for (const { request, behind } of this.#waits) {
      if (behind.length === 0) continue;
      const missing = this.#missing.get(request.version) ?? new Map();
      this.#missing.set(request.version, missing);
      for (const { id, kind } of behind) missing.set(id, kind);
    }
  }

  /** Looks again after `ms`, or when the share of looks permits it. */
  #lookIn(ms: number): void {
    if (this.#waits.size === 0) return;
    if (this.#looking !== undefined) {
      this.#isDue ||= ms === 0;
      return;
    }
    if (this.#cancelTimer !== undefined && ms > 0) return;
    this.#cancelTimer?.();
    const { deadlines, monotonic } = this.#parts;
    const pause = Math.max(ms, this.#notBefore - monotonic());
    this.#cancelTimer = deadlines.add(pause, () => {
      this.#cancelTimer = undefined;
      // The store failed: the next look is due after the interval, and a wait ends with what the last one found.
      this.#lookNow().catch(() => {});
    });
  }

  #rest(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#missing.clear();
  }
}
