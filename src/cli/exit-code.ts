import { CommanderError } from 'commander';
import { type CfluxErrorCode, isCfluxError } from '../errors.js';

/** The exit codes of `cflux`. */
export const exitCode = {
  ok: 0,
  /** A failure without an exit code of its own. */
  failed: 1,
  /** The command line is invalid. */
  usage: 2,
  /** A dry run found changes. */
  wouldChange: 2,
  /** The cluster, version or node does not exist. */
  notFound: 3,
  /** No manager responded. */
  unreachable: 4,
  /** The manager refused access: no token, an invalid one, or one without the scope. */
  refused: 5,
  /** Conflict: the cluster changed concurrently; this command changed nothing. */
  conflict: 6,
  /** The changes were made, or the version exists, but not all nodes have it. */
  notEverywhere: 7,
} as const;

// A map, because a code may come from the network, and an object has inherited keys such as `constructor` and `__proto__`.
const codes: ReadonlyMap<CfluxErrorCode, number> = new Map([
  ['INVALID_OPTION', exitCode.usage],
  ['CLUSTER_NOT_FOUND', exitCode.notFound],
  ['CLUSTER_EMPTY', exitCode.notFound],
  ['VERSION_NOT_FOUND', exitCode.notFound],
  ['NODE_NOT_FOUND', exitCode.notFound],
  ['UNREACHABLE', exitCode.unreachable],
  ['TIMEOUT', exitCode.unreachable],
  ['UNAVAILABLE', exitCode.unreachable],
  ['UNAUTHORIZED', exitCode.refused],
  ['FORBIDDEN', exitCode.refused],
  ['CONFLICT_TIMEOUT', exitCode.conflict],
  ['NOT_EVERYWHERE', exitCode.notEverywhere],
]);

/** Ends a command with an exit code and without a message, because it did not fail. */
export class EndWith extends Error {
  constructor(readonly code: number) {
    super(`exit code ${code}`);
  }
}

/** Returns the exit code of an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof EndWith) return error.code;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  return isCfluxError(error) ? (codes.get(error.code) ?? exitCode.failed) : exitCode.failed;
}
