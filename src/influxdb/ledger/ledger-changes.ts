import { isJsonObject } from '../../json-object.js';
import type { Ledger } from './ledger.js';
import { collections, singleFields } from './ledger-form.js';

/** An entry of a collection in JSON: a key, or a key with its value. */
type Entry = string | readonly [key: string, value: unknown];
type Lists<Item> = Partial<Record<(typeof collections)[number], readonly Item[]>>;

/** The difference between two ledgers, in JSON. Its size depends on the change, not on the ledger. */
export interface LedgerChange {
  /** The fields that are not collections, as they are now. */
  readonly fields: object;
  readonly added: Lists<Entry>;
  /** Keys that are gone, or have another value now. */
  readonly removed: Lists<string>;
}

/** Returns what changed from `before` to `after`. Collections that are the same object are not compared. */
export function changeOf(before: Ledger, after: Ledger): LedgerChange {
  const [added, removed]: [Record<string, Entry[]>, Record<string, string[]>] = [{}, {}];
  for (const name of collections) {
    const [old, now] = [before[name], after[name]];
    if (old === now) continue;
    const isNew = (entry: Entry) => !isIn(old, entry);
    added[name] = [...now].filter(isNew);
    removed[name] = [...old].filter((entry: Entry) => !isIn(now, entry)).map(keyOf);
  }
  return { fields: singleFields(after), added, removed };
}

/** Returns `file`, a ledger in JSON, after a change. */
export function withChange(
  { format, id, ...before }: Readonly<Record<string, unknown>>,
  { fields, added, removed }: LedgerChange,
): Readonly<Record<string, unknown>> {
  const lists = collections.map((name) => {
    const gone = new Set(removed[name]);
    const list: readonly Entry[] = Array.isArray(before[name]) ? before[name] : [];
    return [name, [...list.filter((entry) => !gone.has(keyOf(entry))), ...(added[name] ?? [])]] as const;
  });
  return { format, id, ...fields, ...Object.fromEntries(lists) };
}

export const isLedgerChange = (value: unknown): value is LedgerChange =>
  isJsonObject(value) && ['fields', 'added', 'removed'].every((name) => isJsonObject(value[name]));

const keyOf = (entry: Entry): string => (typeof entry === 'string' ? entry : entry[0]);

/** Whether a collection has the same entry; values are immutable, so the same value is the same object. */
function isIn(collection: ReadonlySet<string> | ReadonlyMap<string, unknown>, entry: Entry): boolean {
  if (typeof entry === 'string') return collection.has(entry);
  return 'get' in collection && collection.has(entry[0]) && collection.get(entry[0]) === entry[1];
}
