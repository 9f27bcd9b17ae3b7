import type { Commit, CommitResult, Head } from './manager-store.js';

/** The result of a commit that stored nothing. */
export type CommitWithoutVersion = Exclude<CommitResult, { readonly kind: 'committed' }>;

/**
 * Decides whether a store may create a version from `commit`: the decision that every `ManagerStore.commit` makes, in the order that the
 * contract demands. A known mutation is `repeated`, whatever else the commit contains; then another epoch is `epochMismatch`; then
 * another base is `conflict`. A cluster without data accepts any base. The function is pure: the store calls it within the transaction
 * that stores the version, with what it reads there.
 *
 * @param commit the commit passed to the store
 * @param head the current head of the cluster's history; its `retained` is part of a conflict
 * @param knownVersion the version that `commit.mutation` created before; `undefined` if the store does not remember that mutation
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
