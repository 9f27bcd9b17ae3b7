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

/** The part of a ledger about drop orders. */
export interface OrdersRecord {
  /** Absent before the first convergence with the present history. */
  readonly applied?: AppliedVersion | undefined;
  /** The orders up to this version were read. */
  readonly read?: { readonly epoch: string; readonly version: number } | undefined;
  /** Orders of versions above the applied one up to this one may have been removed before they were read. */
  readonly missedUpTo?: number | undefined;
  /** In the order in which they were made. */
  readonly kept: readonly KeptOrder[];
}

export const noOrders: OrdersRecord = { kept: [] };

/** Returns the identity of an order: versions are used again by a restored store. */
const orderId = (order: DropOrder): string => JSON.stringify([order.mutation, itemKey(order)]);

/** Returns whether the orders up to `version` were read. */
export const haveBeenRead = ({ read }: OrdersRecord, epoch: string, version: number): boolean =>
  read?.epoch === epoch && read.version >= version;

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
  const { missedUpTo: _, ...rest } = record;
  const before = record.applied;
  const isSame =
    before?.epoch === applied.epoch &&
    before.version === applied.version &&
    before.shard === applied.shard &&
    before.index === applied.index;
  const kept = record.kept.filter((order) => isStillOpen(order));
  if (isSame && kept.length === record.kept.length && record.missedUpTo === undefined) return record;
  return { ...rest, applied: isSame ? before : applied, kept };
}

/** Returns the record with `changed` in place of the order with its identity. */
export const withOrder = (record: OrdersRecord, changed: KeptOrder): OrdersRecord => ({
  ...record,
  kept: record.kept.map((order) => (orderId(order) === orderId(changed) ? changed : order)),
});

/** Returns the id that confirms an order that was left, for this history of the cluster. */
export function confirmationOf(order: DropOrder, clusterId: bigint): string {
  const hash = createHash('sha256').update(JSON.stringify([String(clusterId), 'order', orderId(order)]));
  return hash.digest('hex').slice(0, 16);
}
