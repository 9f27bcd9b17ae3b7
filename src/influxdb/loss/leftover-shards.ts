import type { MetaData } from '../../meta/records.js';
import type { Ledger } from '../ledger/ledger.js';
import { shardsIn } from '../read/shards-in.js';
import { partsOf, type ShardsFound } from '../read/unknown-shards.js';
import type { Action } from '../statements/action.js';
import { keyOf } from '../statements/item.js';

// InfluxDB leaves a shard behind on disk when a write and a drop of its database or policy coincide: the drop deletes the files first,
// the write creates the shard again, and then the drop removes it from the metadata. No id of such a shard is ever given again, so it is
// harmless, unlike a shard of lost metadata.

/**
 * Returns a predicate of keys: whether a shard that is only on disk was once in `metadata`, which lost nothing. Its id was given, and no
 * shard has it now.
 */
export function leftoversIn(metadata: MetaData): (key: string) => boolean {
  const known = new Set(Array.from(shardsIn(metadata), ({ id }) => id));
  return (key) => {
    const id = BigInt(partsOf(key)[0]);
    return id <= metadata.maxShardId && !known.has(id);
  };
}

/**
 * As {@link leftoversIn}, without the ids and counters of the metadata. A process reads its metadata from disk only when it starts, so
 * while it runs, unknown shards are leftovers. After a restart, those are that this mirror saw before, or that were in what it dropped
 * since then, if other shards show that the metadata is not an empty one.
 */
export function leftoversSince(
  { examined, dropped }: Ledger,
  { process, hasKnown }: ShardsFound,
): (key: string) => boolean {
  if (examined === undefined || process === undefined) return () => false;
  if (examined.process === process) return () => true;
  if (!hasKnown) return () => false;
  return (key) => {
    const [id, database, policy] = partsOf(key);
    if (BigInt(id) > examined.highest) return false;
    return (
      dropped.has(keyOf({ kind: 'database', database })) ||
      dropped.has(keyOf({ kind: 'retentionPolicy', database, policy }))
    );
  };
}

/** Returns the ledger before `actions`: it must be saved before they are executed. */
export function withDropped(ledger: Ledger, actions: readonly Action[]): Ledger {
  const keys = actions.flatMap(droppedBy).filter((key) => !ledger.dropped.has(key));
  return keys.length === 0 ? ledger : { ...ledger, dropped: new Set([...ledger.dropped, ...keys]) };
}

/** Returns the key of the database or policy that an action drops. */
function droppedBy(action: Action): readonly string[] {
  const { kind } = action;
  if (kind === 'dropDatabase') return [keyOf({ kind: 'database', database: action.database })];
  if (kind === 'dropRetentionPolicy' || kind === 'dropScaffold')
    return [
      keyOf({
        kind: 'retentionPolicy',
        database: action.database,
        policy: action.policy,
      }),
    ];
  return [];
}
