import type { Commit, CommitResult, Head } from './manager-store.js';

/** The result of a commit that stored nothing now. */
export type CommitWithoutVersion = Exclude<CommitResult, { readonly kind: 'committed' }>;

/**
 * Decides whether a store may make a version of `commit`: the decision that every `ManagerStore.commit` makes, in the order that the
 * contract demands. A known mutation is `repeated`, whatever else the commit names; then another epoch is `epochMismatch`; then
 * another base is `conflict`. A cluster without data takes any base. The function is pure: the store calls it within the transaction
 * that stores the version, with what it reads there.
 *
 * @param commit the commit that the store was given
 * @param head where the cluster's history stands now; its `kept` is part of a conflict
 * @param knownVersion the version that `commit.mutation` made before; `undefined` if the store does not remember that mutation
 * @returns the result of the commit, or `undefined` if the version must be stored
 *
 * @example
 * ```ts
 * const latest = { version: 8, mutation: 'b', at: 0, size: 100 };
 * const commit = { cluster: 'prod', base: 7, snapshot: new Uint8Array(), mutation: 'c' };
 * checkCommit(commit, { epoch: 'e', latest }, undefined); // { kind: 'conflict', epoch: 'e', latest }
 * checkCommit({ ...commit, base: 8 }, { epoch: 'e', latest }, undefined); // undefined: store it
 * ```
 */
export function checkCommit(
  { base, epoch: wanted }: Pick<Commit, 'base' | 'epoch'>,
  head: Head,
  knownVersion: number | undefined,
): CommitWithoutVersion | undefined {
  const { epoch, latest, retained } = head;
  if (knownVersion !== undefined) return { kind: 'repeated', epoch, version: knownVersion };
  if (wanted !== undefined && wanted !== epoch) return { kind: 'epochMismatch', epoch };
  if (latest !== undefined && latest.version !== base) {
    return { kind: 'conflict', epoch, latest, ...(retained === undefined ? {} : { retained }) };
  }
  return undefined;
}
