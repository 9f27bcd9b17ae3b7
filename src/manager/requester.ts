import type { Asker } from './audit.js';

/** Who pushes, as far as a manager can tell (R26). */
export interface Requester {
  readonly name: string;
  /** Several clients may go by this name: those without a node id at one address. */
  readonly isShared: boolean;
}

/** A push that wants its turn. */
export interface Contender {
  readonly requester: Requester;
  /** The version that the push was made from. */
  readonly base: number;
}

/** A node is told by its id; a client without one, such as a client of 2016, by its address. */
export const requesterOf = (nodeId: number | undefined, remote: Asker['remote']): Requester =>
  nodeId === undefined
    ? { name: `at ${remote ?? 'unknown'}`, isShared: true }
    : { name: `node ${nodeId}`, isShared: false };
