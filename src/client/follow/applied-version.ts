import type { NodeWord } from '../../protocol/node-word.js';
import { noVersion } from '../../protocol/version.js';
import type { Position } from '../local/position.js';

/** A version that the server beside a node was seen to agree with. */
export interface Applied {
  /** 0: none so far. */
  readonly version: number;
  readonly epoch?: string | undefined;
}

/** What the server beside the node has, where there is one: an agent tells of it, a mere library does not (R28). */
export class AppliedVersion {
  #applied: Applied | undefined;

  /** Returns whether that is news. */
  note(applied: Applied): boolean {
    const before = this.#applied;
    this.#applied = applied;
    return before?.version !== applied.version || before.epoch !== applied.epoch;
  }

  /** What a node at `position` says of itself: a version of another history is none. */
  wordAt({ version, epoch }: Position): Omit<NodeWord, 'instance'> {
    const applied = this.#applied;
    if (applied === undefined) return { version, epoch };
    const isOfHistory = applied.epoch === epoch;
    return { version, epoch, applied: isOfHistory ? applied.version : noVersion };
  }
}
