import { findByName } from '../../meta/named-list.js';
import type { MetaData, UserInfo } from '../../meta/records.js';
import type { Ledger } from '../ledger/ledger.js';
import type { Action } from '../statements/action.js';
import { internalDatabase, itemsOfUser, keyOf } from '../statements/item.js';

/** Yields the changes that give a new user its privileges. */
export function* grantsOf(
  { name: user, admin, privileges }: UserInfo,
  { databases }: MetaData,
): Generator<Action> {
  for (const [database, privilege] of privileges) {
    if (database === internalDatabase || findByName(databases, database) === undefined) continue;
    if (privilege === 1 || privilege === 2 || privilege === 3)
      yield { kind: 'grant', user, database, privilege };
  }
  if (admin) yield { kind: 'setAdmin', user, admin };
}

/** Yields the changes that take from the user on the server, `here`, what the user of the cluster does not have. */
export function* excessOf(
  { name: user, admin, privileges }: UserInfo,
  here: UserInfo,
  { ledger, wanted }: { readonly ledger: Ledger; readonly wanted: MetaData },
): Generator<Action> {
  for (const item of itemsOfUser(here)) {
    if (item.kind !== 'grant' || (privileges.get(item.database) ?? 0) !== 0) continue;
    // A privilege on a dropped database is removed with it, and one that only this server has stays.
    const isOfCluster = ledger.current.has(keyOf(item)) && findByName(wanted.databases, item.database);
    if (isOfCluster) yield { kind: 'revoke', user, database: item.database };
  }
  if (here.admin && !admin) yield { kind: 'setAdmin', user, admin: false };
}
