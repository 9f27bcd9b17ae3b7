import type { WaitForNodesRequest, WaitForNodesResult } from '../../protocol/waiting-for-nodes.js';

/** Milliseconds for which the spread of one version is followed. A node that is stuck would otherwise prevent all further measurements. */
const longest = 600_000;

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

/** Measures how long versions take from their commit until all nodes of the cluster have them; one version at a time. */
export class SpreadMeter {
  readonly #parts: SpreadMeterParts;
  #isMeasuring = false;

  constructor(parts: SpreadMeterParts) {
    this.#parts = parts;
  }

  committed(version: number): void {
    // A manager that does not know all nodes yet would measure how long it takes to know them.
    if (this.#isMeasuring || this.#parts.uncertainFor() > 0) return;
    this.#isMeasuring = true;
    void this.#measure(version).finally(() => {
      this.#isMeasuring = false;
    });
  }

  async #measure(version: number): Promise<void> {
    const { cluster, waitForNodes, monotonic, onSpread } = this.#parts;
    const begun = monotonic();
    try {
      const { counted, complete } = await waitForNodes({ cluster, version, wait: longest });
      if (counted > 0) onSpread(monotonic() - begun, { cluster, version, isComplete: complete });
    } catch {
      // The history ended, or the manager closes: there is nothing to measure any more.
    }
  }
}
