import type { MetaData } from '../meta/records.js';
import { firstByName } from './draft.js';
import type { Plan } from './plan.js';

/** Why a server was read by SHOW, which does not return password hashes, and the users that are affected. */
export interface SnapshotFailure {
  /** Why the snapshot port could not be read, and how to name it. */
  readonly reason: string;
  /** Users of the cluster whose password on the server cannot be compared with the cluster's. */
  readonly unverified: readonly string[];
  /** Users that exist only on the server, and that cannot be imported into the cluster. */
  readonly notImportable: readonly string[];
}

/** Returns the consequences of reading `present` without a snapshot for `reason`. */
export function snapshotFailure(
  reason: string,
  { unverified, unmanaged }: Pick<Plan, 'unverified' | 'unmanaged'>,
  present: MetaData,
): SnapshotFailure {
  const users = firstByName(present.users);
  const notImportable = unmanaged.flatMap((item) =>
    item.kind === 'user' && users.get(item.user)?.hash === '' ? [item.user] : [],
  );
  return { reason, unverified, notImportable };
}
