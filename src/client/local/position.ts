import { noVersion } from '../../protocol/version.js';

/** The version and the history of a node's metadata. */
export interface Position {
  readonly version: number;
  /** Absent if no manager with epochs responded yet. */
  readonly epoch?: string | undefined;
  /** The mutation that made `version`. */
  readonly mutation?: string | undefined;
}

/** The position of a node that has not joined. */
export const nowhere: Position = { version: noVersion };

/** Returns the position of an object with more fields, such as a snapshot. */
export function positionOf({ version, epoch, mutation }: Position): Position {
  return { version, epoch, mutation };
}

/** How a response of the manager relates to the position of a node. */
export type Classification =
  /** It is a later version. */
  | 'newer'
  /** It is the node's version. */
  | 'same'
  /** The manager lost its data or got other data (R11): another epoch, a lower version, or the same version by another mutation. */
  | 'otherHistory';

/** Classifies a response to a request that began at `position` (R5, R11). */
export function classify(position: Position, answer: Position): Classification {
  if (position.version === noVersion) return 'newer';
  if (differ(position.epoch, answer.epoch)) return 'otherHistory';
  if (answer.version !== position.version) {
    return answer.version > position.version ? 'newer' : 'otherHistory';
  }
  return differ(position.mutation, answer.mutation) ? 'otherHistory' : 'same';
}

/** Returns whether both are known and differ: without epochs or mutations there is no contradiction. */
function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}
