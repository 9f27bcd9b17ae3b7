import type { NodeProgress } from '../../protocol/node-progress.js';
import { noVersion } from '../../protocol/version.js';
import type { Position } from '../local/position.js';

/** A version that the server next to a node is in sync with. */
export interface Applied {
  /** 0: none so far. */
  readonly version: number;
  readonly epoch?: string | undefined;
}

/** The version that the server next to an agent's node has applied (R28). A library's node has none. */
export class AppliedVersion {
  #applied: Applied | undefined;

  /** Returns whether that is news. */
  note(applied: Applied): boolean {
    const before = this.#applied;
    this.#applied = applied;
    return before?.version !== applied.version || before.epoch !== applied.epoch;
  }

  /** Returns the progress of a node at `position`. An applied version of another history is omitted. */
  wordAt({ version, epoch }: Position): Omit<NodeProgress, 'instance'> {
    const applied = this.#applied;
    if (applied === undefined) return { version, epoch };
    const isOfHistory = applied.epoch === epoch;
    return { version, epoch, applied: isOfHistory ? applied.version : noVersion };
  }
}
