import { CfluxError, type Outcome } from '../../../../errors.js';
import type { CallCallback } from '../api/grpc.js';

/** Whatever was known of etcd is of a history that it has forgotten. */
export const revisionWentBack = (outcome: Outcome) =>
  new CfluxError('UNAVAILABLE', 'etcd was put back to an earlier state: what is known of it is read anew', {
    outcome,
    retryable: true,
  });

/**
 * Notices that etcd was put back under its managers: restored from a backup, or emptied. The answer to a question that needs a quorum is
 * never of an earlier revision than what any member had told before it was asked.
 */
export class RevisionGuard {
  readonly #onWentBack: () => void;
  #highest = 0;

  constructor(onWentBack: () => void) {
    this.#onWentBack = onWentBack;
  }

  /** A member told of `revision`; it may lag behind others that told of later ones. */
  note(revision: number): void {
    this.#highest = Math.max(this.#highest, revision);
  }

  /** A question is asked: what this returns is to be called with what the answer tells, and throws {@link revisionWentBack}. */
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
