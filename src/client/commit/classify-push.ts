import { CfluxError, isCfluxError } from '../../errors.js';
import type { MetadataForm } from '../../protocol/deltas.js';
import type {
  CallOptions,
  EpochMismatch,
  PushRequest,
  PushResult,
  Snapshot,
  SnapshotDelta,
  Transport,
} from '../../transport/transport.js';
import type { Position } from '../local/position.js';

/** A push, with everything that determines its outcome. */
export interface Push {
  /** The position from which the mutation id was first pushed. */
  readonly base: Position;
  readonly mutation: string;
  /** The pushed bytes; they may be made when they are read. */
  readonly snapshot: Uint8Array;
}

/** How the request of a push ended, after all its attempts. */
export type PushResponse =
  | PushResult
  | {
      readonly kind: 'failed';
      readonly error: unknown;
      /** Whether the client aborted the request, so that its outcome is unknown (R13). */
      readonly isAborted: boolean;
    };

/** The outcome of a push. If `mayBeStored` is true, it is unknown: the snapshot may be part of the history (R3). */
export type PushOutcome =
  /** The snapshot is a version of the cluster, now or since an earlier attempt. */
  | {
      readonly kind: 'stored';
      readonly position: Position;
      /** The manager stored the drop orders of the push. Absent if there were none, or if it is older. */
      readonly hasDrops?: true;
      readonly form: MetadataForm;
    }
  /** The newest version is another one. */
  | {
      readonly kind: 'conflict';
      readonly newest: Snapshot | SnapshotDelta;
      readonly mayBeStored: boolean;
    }
  /** The manager has another history. */
  | {
      readonly kind: 'epochMismatch';
      readonly history: Omit<EpochMismatch, 'kind'>;
      readonly mayBeStored: boolean;
    }
  /** No usable response. */
  | { readonly kind: 'failed'; readonly error: CfluxError; readonly mayBeStored: false }
  | { readonly kind: 'failed'; readonly error: unknown; readonly mayBeStored: true };

/** Sends `request` and classifies its end; an error of `transport` is an outcome too. */
export async function sendPush(
  transport: Transport,
  request: PushRequest,
  { base, ...limits }: CallOptions & Pick<Push, 'base'>,
): Promise<PushOutcome> {
  let response: PushResponse;
  try {
    response = await transport.push(request, limits);
  } catch (error) {
    response = { kind: 'failed', error, isAborted: limits.signal?.aborted === true };
  }
  const { mutation } = request;
  const push = {
    base,
    mutation,
    get snapshot() {
      return request.snapshot;
    },
  };
  return classifyPush(push, response);
}

/**
 * Determines the outcome of `push` (R2, R3, R5). The committer and the reconciler use only this function.
 *
 * | Response | Outcome |
 * |---|---|
 * | 200 | stored; unknown if the version did not rise within its epoch |
 * | 409 that names our mutation | stored by an earlier attempt |
 * | 409 that names another mutation | conflict: not stored |
 * | 409 without a mutation, no response lost | conflict: not stored, even if the bytes are ours: two nodes may push the same bytes |
 * | 409 without a mutation, after a lost response | stored if the bytes are ours; otherwise a conflict, and unknown |
 * | 412 | epoch mismatch: not stored; unknown after a lost response |
 * | error with `outcome: 'notApplied'` | failed: not stored; unknown if the client gave up |
 * | any other error | failed: unknown |
 */
export function classifyPush(push: Push, response: PushResponse): PushOutcome {
  switch (response.kind) {
    case 'committed': {
      const outcome = classifyStored(push, response);
      if (outcome.kind !== 'stored') return outcome;
      const { hasDrops, form = outcome.form } = response;
      return { ...outcome, form, ...(hasDrops ? { hasDrops } : {}) };
    }
    case 'conflict': {
      if (isOurs(push, response)) return classifyStored(push, response);
      const { kind, answerLost, ...newest } = response;
      // A manager without mutation ids cannot report whether an earlier version was ours.
      return { kind, newest, mayBeStored: answerLost === true && newest.mutation === undefined };
    }
    case 'epochMismatch': {
      // After a lost response it may be part of the history that the manager lost, and be restored with it.
      const { kind: _, answerLost = false, ...history } = response;
      return { kind: 'epochMismatch', history, mayBeStored: answerLost };
    }
    case 'failed': {
      const { error, isAborted } = response;
      if (isCfluxError(error) && error.outcome === 'notApplied' && !isAborted) {
        return { kind: 'failed', error, mayBeStored: false };
      }
      return { kind: 'failed', error, mayBeStored: true };
    }
  }
}

function isOurs(push: Push, conflict: PushResult & { kind: 'conflict' }): boolean {
  if (conflict.mutation !== undefined) return conflict.mutation === push.mutation;
  if (conflict.answerLost !== true || conflict.snapshot === undefined) return false;
  return Buffer.compare(conflict.snapshot, push.snapshot) === 0;
}

function classifyStored(push: Push, { version, epoch = push.base.epoch }: Position): PushOutcome {
  const { base, mutation } = push;
  if (isVersionRegression(base, version, epoch)) {
    const message = `the manager reports version ${version} after version ${base.version} in the same epoch`;
    return { kind: 'failed', error: new CfluxError('BAD_ANSWER', message), mayBeStored: true };
  }
  // A manager without epochs does not keep mutation ids.
  return {
    kind: 'stored',
    // A response that was lost may have been to a delta.
    form: 'snapshot',
    position: { version, epoch, mutation: epoch === undefined ? undefined : mutation },
  };
}

/** Returns whether the version decreased within an epoch (R5). A manager without epochs may have lost its data and restart counting. */
function isVersionRegression(base: Position, version: number, epoch: string | undefined): boolean {
  return base.epoch !== undefined && epoch === base.epoch && version <= base.version;
}
