import { CommanderError } from 'commander';
import { type CfluxErrorCode, isCfluxError } from '../errors.js';

/** What `cflux` exits with. */
export const exitCode = {
  ok: 0,
  /** Something failed that has no number of its own. */
  failed: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** A dry run found something to do. */
  wouldChange: 2,
  /** There is no such cluster, version or node. */
  notFound: 3,
  /** No manager answered. */
  unreachable: 4,
  /** The manager does not let us: no token, the wrong one, or too little scope. */
  refused: 5,
  /** Somebody else changed the cluster at the same time; nothing was changed by us. */
  conflict: 6,
} as const;

// A map, because a code may come from the network, and an object also has `constructor` and `__proto__`.
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
]);

/** Ends a command with an exit code that is no failure, and without a message. */
export class EndWith extends Error {
  constructor(readonly code: number) {
    super(`exit code ${code}`);
  }
}

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof EndWith) return error.code;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  return isCfluxError(error) ? (codes.get(error.code) ?? exitCode.failed) : exitCode.failed;
}
