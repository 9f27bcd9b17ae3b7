import { findByName } from '../../meta/named-list.js';
import type { DatabaseInfo, MetaData, UserInfo } from '../../meta/records.js';
import { type Agreement, agree, agreementOn, type Ledger } from '../ledger/ledger.js';
import type { LedgerStore } from '../ledger/ledger-store.js';
import { firstByName } from '../plan/draft.js';
import type { Step } from '../plan/plan.js';
import type { MetadataReader, Reading } from '../read/metadata-reader.js';
import { keyOf } from '../statements/item.js';

/**
 * Returns the agreements of completed changes: the server's text of a query corresponds to the cluster's, and if hashes cannot be
 * read, the password is the one that was set. (If they can, the next judgement compares them.)
 */
export function agreementsOf(
  done: readonly Step[],
  wanted: MetaData,
  present: MetaData,
  source: Reading['source'],
): Map<string, Agreement> {
  const agreements = new Map<string, Agreement>();
  if (done.length === 0) return agreements;
  const users = firstByName(wanted.users);
  const databases = firstByName(wanted.databases);
  const databasesHere = firstByName(present.databases);
  for (const { item, action } of done) {
    if (action.kind === 'createContinuousQuery' || action.kind === 'replaceContinuousQuery') {
      const text = queryIn(databases.get(action.database), action.name);
      const textHere = queryIn(databasesHere.get(action.database), action.name);
      if (text !== undefined && textHere !== undefined)
        agreements.set(keyOf(item), agreementOn(text, textHere));
    }
    if (source === 'show' && (action.kind === 'createUser' || action.kind === 'setPassword')) {
      const hash = users.get(action.user)?.hash;
      if (hash !== undefined) agreements.set(keyOf(item), agreementOn(hash, ''));
    }
  }
  return agreements;
}

/** Returns the ledger with the agreement that `here`, the server's hash, is of the same password as the cluster's. */
export const withPassword = (ledger: Ledger, { name, hash }: Password, here: string): Ledger =>
  agree(ledger, new Map([[keyOf({ kind: 'user', user: name }), agreementOn(hash, here)]]));

/** Records that the server's hash of a password that was just set corresponds to the cluster's. */
export async function savePassword(
  { reader, store }: { readonly reader: MetadataReader; readonly store: LedgerStore },
  ledger: Ledger,
  user: Password,
): Promise<void> {
  const { metadata } = await reader.read();
  const here = findByName(metadata.users, user.name);
  if (here !== undefined) await store.save(withPassword(ledger, user, here.hash));
}

/** A user's name, and the cluster's hash of its password. */
type Password = Pick<UserInfo, 'name' | 'hash'>;

const queryIn = (database: DatabaseInfo | undefined, name: string) =>
  database?.continuousQueries.find((query) => query.name === name)?.query;
