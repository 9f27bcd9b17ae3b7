import { maxSpread } from '../../protocol/times.js';
import type { WaitForNodesRequest, WaitForNodesResult } from '../../protocol/waiting-for-nodes.js';

/** Versions that are followed at a time: as many as a manager keeps by default. */
const most = 10;

export interface SpreadMeterParts {
  readonly cluster: string;
  readonly waitForNodes: (request: WaitForNodesRequest) => Promise<WaitForNodesResult>;
  readonly monotonic: () => number;
  /** Milliseconds for which nodes may be alive that the manager does not know to be. */
  readonly uncertainFor: () => number;
  /** Called with the milliseconds that a version took to reach all nodes, or for which it was followed without reaching them. */
  readonly onSpread: SpreadListener;
}

/** Called with milliseconds, and what they are of. */
export type SpreadListener = (ms: number, measured: MeasuredSpread) => void;

/** A version whose spread was followed. */
export interface MeasuredSpread {
  readonly cluster: string;
  readonly version: number;
  /** It reached all nodes. */
  readonly isComplete: boolean;
}

interface Followed {
  readonly version: number;
  /** When it was stored, by the monotonic clock. */
  readonly begun: number;
}

/**
 * Measures how long versions take from their commit until all nodes of the cluster have them. A node that has a version has reached all
 * before it, so the versions are waited for one after the other, the oldest first: the later ones cost no looks at the nodes meanwhile.
 */
export class SpreadMeter {
  readonly #parts: SpreadMeterParts;
  /** The oldest first: it is the one that is waited for. */
  readonly #followed: Followed[] = [];
  #isMeasuring = false;

  constructor(parts: SpreadMeterParts) {
    this.#parts = parts;
  }

  committed(version: number): void {
    // A manager that does not know all nodes yet would measure how long it takes to know them.
    if (this.#parts.uncertainFor() > 0) return;
    this.#followed.push({ version, begun: this.#parts.monotonic() });
    // The oldest is measured even if others follow fast, and a history lists the newest.
    if (this.#followed.length > most) this.#followed.splice(1, 1);
    if (this.#isMeasuring) return;
    this.#isMeasuring = true;
    void this.#measureAll().finally(() => {
      this.#isMeasuring = false;
    });
  }

  close(): void {
    this.#followed.length = 0;
  }

  async #measureAll(): Promise<void> {
    for (let next = this.#followed[0]; next !== undefined; next = this.#followed[0]) {
      await this.#measure(next);
      if (this.#followed[0] === next) this.#followed.shift();
    }
  }

  async #measure({ version, begun }: Followed): Promise<void> {
    const { cluster, waitForNodes, monotonic, onSpread } = this.#parts;
    // Limited, because a node that is stuck would otherwise prevent all further measurements.
    const wait = Math.max(0, begun + maxSpread - monotonic());
    try {
      const { counted, complete } = await waitForNodes({ cluster, version, wait });
      if (counted > 0) onSpread(monotonic() - begun, { cluster, version, isComplete: complete });
    } catch {
      // The history of the version ended, or the manager closes: there is nothing to measure any more.
    }
  }
}
