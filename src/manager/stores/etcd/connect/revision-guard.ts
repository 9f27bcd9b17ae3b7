import { CfluxError, type Outcome } from '../../../../errors.js';
import type { CallCallback } from '../api/grpc.js';

/** Everything cached from etcd belongs to a history that it has lost. */
export const revisionWentBack = (outcome: Outcome) =>
  new CfluxError('UNAVAILABLE', 'etcd revision went backwards (restored from a backup?): reloading; retry', {
    outcome,
    retryable: true,
  });

/**
 * Detects that etcd was restored from a backup, or emptied, while managers use it. The response to a request that needs a quorum never
 * has an earlier revision than any member reported before the request.
 */
export class RevisionGuard {
  readonly #onWentBack: () => void;
  #highest = 0;

  constructor(onWentBack: () => void) {
    this.#onWentBack = onWentBack;
  }

  /** A member reported `revision`; it may lag behind other members. */
  note(revision: number): void {
    this.#highest = Math.max(this.#highest, revision);
  }

  /** A request starts: the returned function must be called with the result, and throws {@link revisionWentBack}. */
  ask(): (notified: CallCallback) => void {
    const before = this.#highest;
    return ({ revision, isStored = false }) => {
      this.note(revision);
      if (revision >= before) return;
      this.#onWentBack();
      throw revisionWentBack(isStored ? 'unknown' : 'notApplied');
    };
  }
}
