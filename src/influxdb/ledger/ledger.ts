import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { MetaData } from '../../meta/records.js';
import type { ServerDirectories } from '../read/server-directories.js';
import type { ShardsFound } from '../read/unknown-shards.js';
import { nothingUnread, type Unread } from '../read/unread.js';
import { type Item, keyOf, keysOf } from '../statements/item.js';
import { noOrders, type OrdersRecord } from './kept-orders.js';

/** The cluster and history of metadata. */
export interface Origin {
  readonly clusterId: bigint;
  /** The manager's history; absent for a manager without epochs. */
  readonly epoch?: string | undefined;
  readonly version?: number | undefined;
}

/** The server of a ledger. */
export interface ServerIdentity {
  readonly url: string;
  /** Cluster id of the server's own metadata; absent if the snapshot port cannot be read. */
  readonly clusterId?: bigint | undefined;
  /** Commit index of the server's metadata at the last successful check; absent without the snapshot port, and in ledgers of 0.1. */
  readonly index?: bigint | undefined;
  /** The server's directories, if it reported them: a server that lost its users does not any more. */
  readonly directories?: ServerDirectories | undefined;
}

/** Records that the server's form of an item (a password hash, a query text) is known to match the cluster's form. */
export interface Agreement {
  /** Digest of the cluster's form. */
  readonly wanted: string;
  /** Digest of the server's form; of the empty text if it cannot be read. */
  readonly present: string;
}

/** The last time that a server without snapshot port was searched for unknown shards, and had lost nothing. */
export interface Examination {
  /** Name of the server's process. */
  readonly process: string;
  /** The highest id of a shard on disk or in the metadata. */
  readonly highest: bigint;
}

/**
 * The record of a mirror about one server: which items there were part of the cluster. It decides what may be dropped, so doubtful
 * items are held: reported, and left to the operator.
 */
export interface Ledger {
  readonly server: ServerIdentity;
  readonly origin: Origin;
  /** Keys of the items that the cluster has, or had in its present history. Only these may be dropped. */
  readonly current: ReadonlySet<string>;
  /** Keys of items that the cluster once had but that the mirror never drops, with the reason. */
  readonly held: ReadonlyMap<string, string>;
  /** By key of the user or continuous query. */
  readonly agreements: ReadonlyMap<string, Agreement>;
  /** Keys of shards on disk without metadata on the server, which a drop left behind or the operator accepted. */
  readonly accepted: ReadonlySet<string>;
  /** Absent with the snapshot port, which shows more, and in ledgers of 0.1. */
  readonly examined?: Examination | undefined;
  /** Keys of databases and policies that this mirror dropped since the examination that began its last convergence. */
  readonly dropped: ReadonlySet<string>;
  /** How often the operator permitted to recreate metadata on a server that had lost it. */
  readonly rebuilds: number;
  /** The drop orders of the cluster, and the version that the server was last in sync with. */
  readonly orders: OrdersRecord;
  /** Drops that `cflux confirm-drops` may confirm: their statements, by confirmation. */
  readonly confirmable: ReadonlyMap<string, readonly string[]>;
}

export function emptyLedger(server: ServerIdentity, origin: Origin): Ledger {
  const nothing = {
    current: new Set<string>(),
    held: new Map(),
    agreements: new Map(),
    accepted: new Set<string>(),
    dropped: new Set<string>(),
    orders: noOrders,
    confirmable: new Map(),
  };
  return { server, origin, ...nothing, rebuilds: 0 };
}

export interface Observation {
  readonly server: ServerIdentity;
  readonly origin: Origin;
  readonly wanted: MetaData;
  readonly present: MetaData;
}

/** Returns the ledger after an observation of the cluster's metadata; it must be saved before the server is changed. */
export function observe(ledger: Ledger, seen: Observation): Ledger {
  const before = continued(ledger, seen);
  const arrivals = keysOf(seen.wanted).filter((key) => !before.current.has(key));
  const isNewlyNamed = before.server.clusterId === undefined && seen.server.clusterId !== undefined;
  const index = seen.server.index ?? before.server.index;
  const isAtOtherIndex = index !== before.server.index;
  const directories = seen.server.directories ?? before.server.directories;
  const isMoved = !isDeepStrictEqual(directories, before.server.directories);
  if (before === ledger && arrivals.length === 0 && !isNewlyNamed && !isAtOtherIndex && !isMoved)
    return ledger;
  const current = new Set([...before.current, ...arrivals]);
  const held = new Map(before.held);
  for (const key of arrivals) held.delete(key);
  for (const [key, successor] of possibleRenames(before, arrivals, seen.wanted)) {
    current.delete(key);
    held.set(key, `${renamed} ${JSON.stringify(successor)}, which InfluxQL cannot do`);
  }
  const clusterId = seen.server.clusterId ?? before.server.clusterId;
  const server = { ...seen.server, clusterId, index, directories };
  return { ...before, server, origin: seen.origin, current, held };
}

/** Returns the ledger as far as it is about the server and the history that were seen. */
export function continued(ledger: Ledger, seen: Pick<Observation, 'server' | 'origin'>): Ledger {
  // On another server, no item is known to have been part of the cluster.
  const mine = isSameServer(ledger.server, seen.server) ? ledger : ofOtherServer(ledger, seen);
  return isOtherHistory(mine.origin, seen.origin) ? { ...holdAll(mine), origin: seen.origin } : mine;
}

/** Returns the ledger after the operator permitted to recreate metadata on the server, with these unknown shards on disk. */
export function accept(
  ledger: Ledger,
  { server, origin }: Pick<Observation, 'server' | 'origin'>,
  shards: readonly string[],
): Ledger {
  const mine = isSameServer(ledger.server, server) ? ledger : ofOtherServer(ledger, { server, origin });
  // Without an id if it could not be read, because the known id belongs to the lost metadata.
  // What the orders were about is lost with the metadata.
  const { examined: _, ...rest } = mine;
  const rebuilds = ledger.rebuilds + 1;
  return { ...rest, server, accepted: new Set(shards), dropped: new Set(), rebuilds, orders: noOrders };
}

/**
 * Returns the ledger after a search for shards that found no lost ones. A write that coincides with a drop may end after the search that
 * follows the drop, so what was dropped is known until the first search of the next convergence.
 */
export function examine(ledger: Ledger, found: ShardsFound, isFirst: boolean): Ledger {
  const { process, highest, unknown } = found;
  const examined = process === undefined ? undefined : { process, highest };
  const dropped = isFirst ? new Set<string>() : ledger.dropped;
  const isSame =
    isDeepStrictEqual(ledger.accepted, unknown) &&
    isDeepStrictEqual(ledger.examined, examined) &&
    ledger.dropped.size === dropped.size;
  return isSame ? ledger : { ...ledger, accepted: unknown, examined, dropped };
}

/** Keeps the count of permissions across servers, so that none is valid twice. */
const ofOtherServer = (
  ledger: Ledger,
  { server, origin }: Pick<Observation, 'server' | 'origin'>,
): Ledger => ({
  ...emptyLedger(server, origin),
  rebuilds: ledger.rebuilds,
});

/** Returns the ledger with new agreements, by key of the item. */
export function agree(ledger: Ledger, agreements: ReadonlyMap<string, Agreement>): Ledger {
  const isNew = ([key, agreement]: readonly [string, Agreement]) =>
    !isSame(agreement, ledger.agreements.get(key));
  if (![...agreements].some(isNew)) return ledger;
  return { ...ledger, agreements: new Map([...ledger.agreements, ...agreements]) };
}

/** Returns the ledger, after `wanted` was observed, without items that neither side has any more. What was not read may be there. */
export function settle(
  ledger: Ledger,
  wanted: MetaData,
  present: MetaData,
  unread: Unread = nothingUnread,
): Ledger {
  const alive = new Set(keysOf(wanted));
  const isOfClusterOnly = ledger.current.size === alive.size && ledger.held.size === 0;
  const isAgreedOnLiving = () => [...ledger.agreements.keys()].every((key) => alive.has(key));
  if (isOfClusterOnly && isAgreedOnLiving()) return ledger;
  for (const key of keysOf(present)) alive.add(key);
  const isAlive = (key: string) => alive.has(key) || unread.hidesKey(key);
  const current = new Set([...ledger.current].filter(isAlive));
  const held = new Map([...ledger.held].filter(([key]) => isAlive(key)));
  const agreements = new Map([...ledger.agreements].filter(([key]) => isAlive(key)));
  const unchanged =
    current.size === ledger.current.size &&
    held.size === ledger.held.size &&
    agreements.size === ledger.agreements.size;
  return unchanged ? ledger : { ...ledger, current, held, agreements };
}

/** Returns whether the server's form is known to match the cluster's; `unknown` if it cannot be read or was never compared. */
export function agreementOf(
  ledger: Ledger,
  item: Item,
  wanted: string,
  present: string,
): 'same' | 'wanted changed' | 'unknown' {
  const known = ledger.agreements.get(keyOf(item));
  if (known === undefined) return 'unknown';
  if (known.wanted !== digest(wanted)) return 'wanted changed';
  return present === '' || known.present === digest(present) ? 'same' : 'unknown';
}

export function agreementOn(wanted: string, present: string): Agreement {
  return { wanted: digest(wanted), present: digest(present) };
}

// Digests, so that the ledger contains no password hash.
const digest = (text: string) => createHash('sha256').update(text).digest('base64url');

const isSame = (one: Agreement, other: Agreement | undefined) =>
  one.wanted === other?.wanted && one.present === other.present;

/** Returns whether both are one server: the same metadata, or the same URL if either metadata id is unknown. */
export function isSameServer(known: ServerIdentity, seen: ServerIdentity): boolean {
  if (known.clusterId === undefined || seen.clusterId === undefined) return known.url === seen.url;
  return known.clusterId === seen.clusterId;
}

const renamed = 'the cluster may have renamed it to';

/** Returns whether an item is held only because the cluster may have renamed it. */
export const isHeldAsRename = (reason: string): boolean => reason.startsWith(renamed);

function isOtherHistory(known: Origin, seen: Origin): boolean {
  if (known.clusterId !== seen.clusterId || known.epoch !== seen.epoch) return true;
  return known.version !== undefined && seen.version !== undefined && seen.version < known.version;
}

function holdAll(ledger: Ledger): Ledger {
  const held = new Map(ledger.held);
  for (const key of ledger.current) held.set(key, 'the cluster had it in an earlier history');
  return { ...ledger, current: new Set(), held, orders: noOrders };
}

/**
 * Yields policies that disappeared from a database of the cluster while another appeared, with the name of the new one. InfluxQL
 * cannot rename a policy: the new one starts empty on the server, and dropping the old one would delete the points.
 */
function* possibleRenames(
  ledger: Ledger,
  arrivals: readonly string[],
  wanted: MetaData,
): Generator<[key: string, successor: string]> {
  const arrived = new Set(arrivals);
  const successors = new Map<string, string>();
  for (const { name: database, retentionPolicies } of wanted.databases) {
    if (arrived.has(keyOf({ kind: 'database', database }))) continue;
    for (const { name: policy } of retentionPolicies) {
      const key = keyOf({ kind: 'retentionPolicy', database, policy });
      if (arrived.has(key) && !ledger.held.has(key)) successors.set(database, policy);
    }
  }
  if (successors.size === 0) return;
  const wantedKeys = new Set(keysOf(wanted));
  for (const key of ledger.current) {
    if (wantedKeys.has(key)) continue;
    const [kind, database = ''] = JSON.parse(key) as string[];
    const successor = successors.get(database);
    if (kind === 'retentionPolicy' && successor !== undefined) yield [key, successor];
  }
}

/** Returns the ledger after the cluster's history was replaced: none of its items may be dropped any more. */
export function forget(ledger: Ledger): Ledger {
  return ledger.current.size === 0 && ledger.orders === noOrders ? ledger : holdAll(ledger);
}
