import { CfluxError } from '../../errors.js';
import type { MetaData } from '../../meta/records.js';
import { type DropOrder, itemKey, type OrderedItem } from '../../protocol/drop-orders.js';
import { isThere } from '../../protocol/revoked-orders.js';
import { type KeptOrder, type OwnChanges, orderId } from '../ledger/kept-orders.js';
import { isHeldAsRename, type Ledger } from '../ledger/ledger.js';
import { firstByName } from '../plan/draft.js';
import { whyUnsayable } from '../plan/drops.js';
import { isScaffold } from '../plan/plan-drops.js';
import type { Unread } from '../read/unread.js';
import { describeItem, type Item, itemsOfDatabase, itemsOfPolicy, keyOf } from '../statements/item.js';
import { itemOf } from './ordered-item.js';
import { type ServerShards, shardIdsIn } from './server-shards.js';
import { wasRecreated } from './was-recreated.js';

/** A server as it was read, and what is known of it. */
export interface OrderedServer {
  readonly ledger: Ledger;
  /** The server's metadata, without items that are local to it. */
  readonly present: MetaData;
  readonly unread: Unread;
  /** Whether this server may drop. */
  readonly drops: 'report' | 'apply';
}

/** Decides whether a new order binds a server (R36). Throws if that cannot be seen yet. */
export function judgeOrder(
  order: DropOrder,
  { ledger, present, unread, drops }: OrderedServer,
): Pick<KeptOrder, 'state' | 'reason'> {
  expectRead(unread.whyHidden(itemOf(order)), order);
  const { applied } = ledger.orders;
  if (!isThere(present, order)) return { state: 'done' };
  const elsewhere = (reason: string) => ({ state: 'elsewhere', reason }) as const;
  if (applied === undefined)
    return elsewhere('no convergence of this server with the present history is known from before');
  const key = keyOf(itemOf(order));
  const held = ledger.held.get(key);
  if (!ledger.current.has(key) && (held === undefined || !isHeldAsRename(held)))
    return elsewhere(held ?? "it was not the cluster's on this server");
  if (drops === 'report') return { state: 'left', reason: onlyReported };
  return { state: 'open' };
}

/**
 * Returns an order that binds a server as it must be noted before anything is done: `begun` if its statement must be executed. Throws if
 * that cannot be seen yet.
 *
 * @param given the order that a user gave to this very server, if any
 */
export function examineOrder(
  order: KeptOrder,
  { ledger, present, unread, drops }: OrderedServer,
  shards: ServerShards,
  given: DropOrder | undefined,
): KeptOrder {
  const item = itemOf(order);
  expectRead(unread.whyHidden(item) ?? unread.whyUnknownInside(item), order);
  const left = (reason: string): KeptOrder => ({ ...order, state: 'left', reason, confirmed: undefined });
  if (!isThere(present, order)) return { ...order, state: 'done' };
  const ids = shardIdsIn(shards, order);
  if (order.state === 'begun') {
    const { shard = 0n } = order;
    // It was dropped before the crash, and this one came afterwards.
    if (ids.length > 0 && ids.every((id) => id > shard)) return { ...order, state: 'done' };
    return order;
  }
  const unsayable = whyUnsayable(item);
  if (unsayable !== undefined) return left(unsayable);
  const begun: KeptOrder = { ...order, state: 'begun', shard: shards.highest };
  if (given !== undefined && orderId(order) === orderId(given)) return begun;
  if (drops === 'report') return left(onlyReported);
  const foreign = foreignItemIn(present, order, ledger);
  if (foreign !== undefined)
    return left(`it contains an item that was never part of the cluster: ${describeItem(foreign)}`);
  const { applied, own } = ledger.orders;
  if (order.confirmed || isCreatedBy(own, order)) return begun;
  if (applied === undefined || wasRecreated(ids, applied, shards, own?.commits)) return left(recreated);
  return begun;
}

/** The reason why an order is left that a change by hand has overtaken. */
export const recreated = 'it was created again on this server since the last convergence';

const onlyReported = 'drops are only reported on this server';

/** Returns whether the gateway of this server created the item since the last convergence: its shards are then no sign of a change by hand. */
function isCreatedBy(own: OwnChanges | undefined, order: OrderedItem): boolean {
  const keys = [itemOf(order), { kind: 'database', database: order.database } as const].map(keyOf);
  return own?.created.some((key) => keys.includes(key)) === true;
}

/** Returns an item that would be dropped too, and that was never part of the cluster. */
function foreignItemIn(present: MetaData, order: OrderedItem, ledger: Ledger): Item | undefined {
  const database = firstByName(present.databases).get(order.database);
  if (database === undefined) return undefined;
  const policy = database.retentionPolicies.find(
    ({ name }) => order.kind === 'retentionPolicy' && name === order.policy,
  );
  const inside = policy === undefined ? itemsOfDatabase(database) : itemsOfPolicy(order.database, policy);
  const own = itemKey(order);
  for (const item of inside) {
    const key = keyOf(item);
    if (key === own || item.kind === 'retention' || ledger.current.has(key)) continue;
    const held = ledger.held.get(key);
    if ((held !== undefined && isHeldAsRename(held)) || isScaffold(item, database)) continue;
    return item;
  }
  return undefined;
}

/** Throws if it is not known what an order is about: nothing of its version may be applied before it was judged. */
function expectRead(reason: string | undefined, { version }: DropOrder): void {
  if (reason !== undefined)
    throw new CfluxError(
      'UNAVAILABLE',
      `a drop order of version ${version} cannot be judged: ${reason}; retrying`,
      {
        retryable: true,
        outcome: 'notApplied',
      },
    );
}
