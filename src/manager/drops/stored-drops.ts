import type { JsonObject } from '../../json-object.js';
import {
  type DropOrders,
  type DropsChange,
  itemKey,
  type NewDropOrder,
  orderIn,
  type RevokedDrops,
} from '../../protocol/drop-orders.js';
import type { VersionRecord } from '../manager-store.js';

/** The drop orders that one push made. Without orders if they were revoked, or if it only revoked others. */
export interface DropPush {
  readonly version: number;
  readonly mutation: string;
  readonly at: number;
  readonly orders: readonly NewDropOrder[];
}

/** What a store keeps of a cluster's drop orders; a store reads and writes it in the transaction of a version. */
export interface StoredDrops {
  /** The generation of the history that they belong to: a deleted cluster begins another one. */
  readonly generation: number;
  /** Orders of versions up to this one may have been removed, because of their age or number; 0: none was. */
  readonly completeFrom: number;
  /** Oldest first. */
  readonly pushes: readonly DropPush[];
}

/** Milliseconds for which an order is kept. */
const maxAge = 30 * 86_400_000;
/** Orders of one cluster. */
const maxOrders = 1_000;
/** Bytes of names of one cluster: a value of etcd, with the version that is stored in the same transaction, has at most 1.5 MiB. */
const maxBytes = 640 * 1_024;

/** Returns the orders of the present history; those of another `generation` belong to a deleted cluster. */
export const dropsOf = (stored: StoredDrops | undefined, generation: number): StoredDrops =>
  stored?.generation === generation ? stored : { generation, completeFrom: 0, pushes: [] };

/** Returns the orders after `record` was stored with `change`: revokes, adds, and removes what is too old or too much. */
export function withDrops(stored: StoredDrops, record: VersionRecord, change: DropsChange): StoredDrops {
  const { version, mutation, at } = record;
  const kept = change.revoke === undefined ? stored.pushes : revoked(stored.pushes, change.revoke);
  const orders = new Map((change.orders ?? []).map((order) => [itemKey(order), order]));
  const push: DropPush = { version, mutation, at, orders: [...orders.values()] };
  return limited(unexpired({ ...stored, pushes: [...kept, push] }, at));
}

/** Returns whether the push with `mutation` stored its orders. */
export const hasDropsOf = ({ pushes }: StoredDrops, mutation: string): boolean =>
  pushes.some((push) => push.mutation === mutation);

/** Returns the orders above `since`, at the time `now`; `version` is the newest. */
export function ordersAbove(
  stored: StoredDrops,
  { since, version, now }: { readonly since: number; readonly version: number; readonly now: number },
): DropOrders {
  const { completeFrom, pushes } = unexpired(stored, now);
  const orders = pushes
    .filter((push) => push.version > since)
    .flatMap((push) =>
      push.orders.map((order) => ({
        ...order,
        version: push.version,
        mutation: push.mutation,
        at: push.at,
      })),
    );
  return { version, completeFrom, orders };
}

/** Parses what a store wrote as JSON. */
export function storedDropsIn(json: JsonObject): StoredDrops {
  return {
    generation: json.integer('generation'),
    completeFrom: json.integer('completeFrom'),
    pushes: json.objects('pushes').map((push) => ({
      version: push.integer('version'),
      mutation: push.text('mutation'),
      at: push.integer('at'),
      orders: push.objects('orders').map(orderIn),
    })),
  };
}

function revoked(pushes: readonly DropPush[], { above, items }: RevokedDrops): readonly DropPush[] {
  const held = items && new Set(items.map(itemKey));
  const isKept = (order: NewDropOrder) => held !== undefined && !held.has(itemKey(order));
  return pushes.map((push) =>
    push.version > above ? { ...push, orders: push.orders.filter(isKept) } : push,
  );
}

function unexpired(stored: StoredDrops, now: number): StoredDrops {
  const isOld = ({ at }: DropPush) => now - at > maxAge;
  if (!stored.pushes.some(isOld)) return stored;
  return without(
    stored,
    stored.pushes.filter(isOld),
    stored.pushes.filter((push) => !isOld(push)),
  );
}

/** Removes the oldest orders beyond the limits. */
function limited(stored: StoredDrops): StoredDrops {
  const pushes = [...stored.pushes];
  let [count, bytes] = [0, 0];
  for (const push of pushes) {
    count += push.orders.length;
    bytes += sizeOf(push);
  }
  let { completeFrom } = stored;
  // A push without orders counts too, so that rollbacks do not accumulate.
  while (count > maxOrders || bytes > maxBytes || pushes.length > maxOrders) {
    const [oldest, ...rest] = pushes[0]?.orders ?? [];
    const push = pushes.shift();
    if (push === undefined) break;
    if (oldest !== undefined) completeFrom = Math.max(completeFrom, push.version);
    bytes -= sizeOf(push);
    count -= oldest === undefined ? 0 : 1;
    if (rest.length === 0) continue;
    const left = { ...push, orders: rest };
    bytes += sizeOf(left);
    pushes.unshift(left);
  }
  return { ...stored, completeFrom, pushes };
}

const without = (
  stored: StoredDrops,
  gone: readonly DropPush[],
  pushes: readonly DropPush[],
): StoredDrops => ({
  ...stored,
  completeFrom: gone.reduce(
    (highest, { version, orders }) => (orders.length > 0 ? Math.max(highest, version) : highest),
    stored.completeFrom,
  ),
  pushes,
});

const sizeOf = (push: DropPush) => Buffer.byteLength(JSON.stringify(push));
