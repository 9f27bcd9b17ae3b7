import { createHash } from 'node:crypto';
import { type DropOrder, type DropOrders, itemKey } from '../../protocol/drop-orders.js';

/** The last version that a server was in sync with, except for findings, and what identified its shards then. */
export interface AppliedVersion {
  readonly epoch: string;
  readonly version: number;
  /** The server's highest shard id. */
  readonly shard: bigint;
  /** Commit index of the server's metadata; absent without the snapshot port. */
  readonly index?: bigint | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * What became of an order on a server. `open`: to be carried out. `begun`: its statement may have been executed. `done`: it must not be
 * carried out again. `left`: it was not carried out, and is only by a confirmation. `elsewhere`: it does not bind this server.
 */
export type OrderState = 'open' | 'begun' | 'done' | 'left' | 'elsewhere';

/** A drop order as the ledger keeps it. */
export type KeptOrder = DropOrder & {
  readonly state: OrderState;
  /** Why it was left, or does not bind this server. */
  readonly reason?: string | undefined;
  /** The server's highest shard id when it was begun. */
  readonly shard?: bigint | undefined;
  /** The operator confirmed it for this server. */
  readonly confirmed?: true | undefined;
};

/** What statements at a gateway changed on a server since the applied version: they are no changes by hand. */
export interface OwnChanges {
  /** Number of statements, each at most one commit of the server's metadata. */
  readonly commits: number;
  /** Keys of databases and policies that were created. */
  readonly created: readonly string[];
}

/** The part of a ledger about drop orders. */
export interface OrdersRecord {
  /** Absent before the first convergence with the present history. */
  readonly applied?: AppliedVersion | undefined;
  /** The orders up to this version were read. */
  readonly read?: { readonly epoch: string; readonly version: number } | undefined;
  /** Orders of versions above the applied one up to this one may have been removed before they were read. */
  readonly missedUpTo?: number | undefined;
  /** Absent: none. */
  readonly own?: OwnChanges | undefined;
  /** In the order in which they were made. */
  readonly kept: readonly KeptOrder[];
}

export const noOrders: OrdersRecord = { kept: [] };

/** Returns the identity of an order: versions are used again by a restored store. */
export const orderId = (order: DropOrder): string => JSON.stringify([order.mutation, itemKey(order)]);

/** Returns whether the orders up to `version` were read. Those up to a later one are read again: the manager's store was restored since. */
export const haveBeenRead = ({ read }: OrdersRecord, epoch: string, version: number): boolean =>
  read?.epoch === epoch && read.version === version;

/**
 * Returns the record after the orders of versions up to `version` were read. What the manager does not list any more was revoked. `judge`
 * returns what becomes of an order that was not known.
 */
export function withRead(
  record: OrdersRecord,
  { orders, completeFrom }: DropOrders,
  { epoch, version }: { readonly epoch: string; readonly version: number },
  judge: (order: DropOrder) => Pick<KeptOrder, 'state' | 'reason'>,
): OrdersRecord {
  const { applied } = record;
  const since = applied?.version ?? 0;
  const known = new Map(record.kept.map((order) => [orderId(order), order]));
  const listed = orders
    .filter((order) => order.version > since && order.version <= version)
    .map((order): KeptOrder => known.get(orderId(order)) ?? { ...order, ...judge(order) });
  const earlier = record.kept.filter((order) => order.version <= since);
  const isIncomplete = applied !== undefined && completeFrom > since;
  return {
    applied,
    read: { epoch, version },
    own: record.own,
    ...(isIncomplete ? { missedUpTo: completeFrom } : {}),
    kept: [...earlier, ...listed],
  };
}

/** Returns the record after the server was found in sync with a version, without orders that need not be remembered any more. */
export function withApplied(
  record: OrdersRecord,
  applied: AppliedVersion,
  isStillOpen: (order: KeptOrder) => boolean,
): OrdersRecord {
  const { missedUpTo: _, own: __, ...rest } = record;
  const before = record.applied;
  const isSame =
    before?.epoch === applied.epoch &&
    before.version === applied.version &&
    before.shard === applied.shard &&
    before.index === applied.index;
  const kept = record.kept.filter((order) => isStillOpen(order));
  const isUnchanged = isSame && kept.length === record.kept.length;
  if (isUnchanged && record.missedUpTo === undefined && record.own === undefined) return record;
  return { ...rest, applied: isSame ? before : applied, kept };
}

/** Returns the record with `changed` in place of the order with its identity. */
export const withOrder = (record: OrdersRecord, changed: KeptOrder): OrdersRecord => ({
  ...record,
  kept: record.kept.map((order) => (orderId(order) === orderId(changed) ? changed : order)),
});

/**
 * Returns the record with an order that a user gave to this very server: it is carried out even if this server only reports drops, or does
 * not know an earlier version.
 */
export function withGiven(record: OrdersRecord, order: DropOrder): OrdersRecord {
  const known = record.kept.find((each) => orderId(each) === orderId(order));
  if (known === undefined) return { ...record, kept: [...record.kept, { ...order, state: 'open' }] };
  if (known.state === 'done' || known.state === 'begun') return record;
  return withOrder(record, { ...known, state: 'open', reason: undefined });
}

/** Returns the record after a statement at a gateway; `created` is the key of the database or policy that it creates. */
export function withOwnChange(record: OrdersRecord, created: string | undefined): OrdersRecord {
  const { commits, created: earlier } = record.own ?? { commits: 0, created: [] };
  const all = created === undefined ? earlier : [...earlier, created];
  return { ...record, own: { commits: commits + 1, created: all } };
}

/** Returns the id that confirms an order that was left, for this history of the cluster. */
export function confirmationOf(order: DropOrder, clusterId: bigint): string {
  const hash = createHash('sha256').update(JSON.stringify([String(clusterId), 'order', orderId(order)]));
  return hash.digest('hex').slice(0, 16);
}
