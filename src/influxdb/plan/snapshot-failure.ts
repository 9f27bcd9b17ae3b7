import type { MetaData } from '../../meta/records.js';
import { firstByName } from './draft.js';
import type { Plan, SnapshotFailure } from './plan.js';

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
