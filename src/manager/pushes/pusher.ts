import type { Requester } from '../audit.js';

/** Identifies the requester of a push, as far as a manager can (R26). */
export interface Pusher {
  readonly name: string;
  /** Several clients may share this name: those without a node id at one address. */
  readonly isShared: boolean;
}

/** A push that waits for admission. */
export interface Contender {
  readonly requester: Pusher;
  /** The version that the push was made from. */
  readonly base: number;
}

/** Identifies a node by its id; a client without one, such as a legacy client, by its address. */
export const pusherOf = (nodeId: number | undefined, remote: Requester['remote']): Pusher =>
  nodeId === undefined
    ? { name: `at ${remote ?? 'unknown'}`, isShared: true }
    : { name: `node ${nodeId}`, isShared: false };
