import type { PushRequest } from '../../transport/transport.js';
import type { Requester } from '../audit.js';

/** Identifies the requester of a push, as far as a manager can (R26). */
export interface Pusher {
  /** `node 7`, `requester 0d4b1c58-…`, `connection 10.0.0.1:4711`, or `at 10.0.0.1`. */
  readonly name: string;
  /** Several clients may share this name: those that cannot be distinguished at one address. */
  readonly isShared: boolean;
  /** The address of a client whose pushes do not identify it, such as a legacy client: its next push may use another connection. */
  readonly address?: string | undefined;
  /** The node that the connection of such a client belongs to, if that is known. */
  readonly nodeId?: number | undefined;
}

/** A push that waits for admission. */
export interface Contender {
  readonly requester: Pusher;
  /** The version that the push was made from. */
  readonly base: number;
  /** The connection that the push came on, if it is taken for the next push of a requester on another connection. */
  readonly sender?: Pusher | undefined;
}

/**
 * Identifies a node by its id, and a command by the id that it chose. A client that sends neither, such as a legacy client, is identified
 * by its connection: by the node that the connection belongs to if that is known, or by the address if several nodes use the connection.
 */
export function pusherOf(
  { nodeId, requester }: Pick<PushRequest, 'nodeId' | 'requester'>,
  { remote = 'unknown', connection }: Requester,
): Pusher {
  if (nodeId !== undefined) return { name: `node ${nodeId}`, isShared: false };
  if (requester !== undefined) return { name: `requester ${requester}`, isShared: false };
  const address = remote;
  if (connection === undefined || connection.isShared)
    return { name: atAddress(address), isShared: true, address };
  const { nodeId: owner, port } = connection;
  if (owner !== undefined) return { name: `node ${owner}`, isShared: false, address, nodeId: owner };
  return { name: `connection ${address}:${port}`, isShared: false, address };
}

/** The name of all clients at one address. */
export const atAddress = (address: string): string => `at ${address}`;

/** Whether two pushers that do not identify themselves may be the same client. */
export const mayBeSame = (one: Pusher, other: Pusher): boolean =>
  one.address !== undefined &&
  one.address === other.address &&
  (one.nodeId === undefined || other.nodeId === undefined || one.nodeId === other.nodeId);
