import { noVersion } from '../../protocol/version.js';

/** Which version of which history a node's metadata is. */
export interface Position {
  readonly version: number;
  /** Absent: no manager that speaks of epochs was met. */
  readonly epoch?: string | undefined;
  /** The mutation that made `version`. */
  readonly mutation?: string | undefined;
}

/** Before anything was learnt from, or given to, a manager. */
export const nowhere: Position = { version: noVersion };

/** The position of what carries more than a position, such as a snapshot. */
export function positionOf({ version, epoch, mutation }: Position): Position {
  return { version, epoch, mutation };
}

/** What an answer of the manager is to a node at some position. */
export type Classification =
  /** It follows what the node has. */
  | 'newer'
  /** It is what the node has. */
  | 'same'
  /** The manager lost its data or was given other data (R11): another epoch, a version that went back, or one that another mutation made. */
  | 'otherHistory';

/** Judges an answer to a request that was begun at `position` (R5, R11). */
export function classify(position: Position, answer: Position): Classification {
  if (position.version === noVersion) return 'newer';
  if (differ(position.epoch, answer.epoch)) return 'otherHistory';
  if (answer.version !== position.version) {
    return answer.version > position.version ? 'newer' : 'otherHistory';
  }
  return differ(position.mutation, answer.mutation) ? 'otherHistory' : 'same';
}

/** A manager or a node that does not speak of epochs or mutations contradicts nobody. */
function differ(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b;
}
