import type { CfluxError } from '../../errors.js';
import type { MetadataForm } from '../../protocol/deltas.js';
import type { NewDropOrder } from '../../protocol/drop-orders.js';
import type { CfluxState } from './status.js';

/** Why the wrapped client's metadata was replaced by the cluster's. */
export type ReplacedReason =
  /** The node joined with its own metadata. */
  | 'joined'
  /** After a crash, the local metadata did not match the node's record. */
  | 'unconfirmed'
  /** The operator called `adopt()`. */
  | 'adopted';

/** Displaced metadata, kept so that nothing is lost silently. */
export interface BackedUpMetadata {
  /** Path of the backup, a `meta.db` that InfluxDB can open; absent without `dir`. */
  readonly backup?: string;
  /** Paths of older backups that were deleted because of `maxBackups`; absent if none was deleted. */
  readonly deletedBackups?: readonly string[];
  /** The displaced metadata, encoded. */
  readonly snapshot: Uint8Array;
}

/** A change of the metadata on this node. */
export interface MetadataChange {
  readonly version: number;
  readonly previousVersion: number;
  /** `local`: made by this node; `remote`: the node follows the cluster. */
  readonly origin: 'local' | 'remote';
}

/** The events of a CfluxClient with their payloads. Events named `…Failed` are transient: the client retries by itself. */
export interface CfluxEvents {
  /** The manager registered this node, under a new id or its previous one. */
  registered: [{ readonly nodeId: number; readonly cluster: string; readonly endpoint: string | undefined }];
  /** A heartbeat succeeded. `at`: milliseconds since 1970. */
  heartbeat: [{ readonly nodeId: number; readonly at: number }];
  /** All attempts of a heartbeat (or registration) failed; the next heartbeat follows. `failures`: how many in a row. */
  heartbeatFailed: [{ readonly error: CfluxError; readonly failures: number }];
  /** The manager no longer knows this node's id; the node registers again. */
  registrationLost: [{ readonly nodeId: number }];
  /** Another process uses this node's id, for example after a copy of its directory. Both processes register again. */
  duplicateNode: [{ readonly nodeId: number }];
  /** The node adopted newer metadata of the cluster. */
  synced: [
    {
      readonly version: number;
      readonly previousVersion: number;
      readonly epoch: string | undefined;
      /** How the metadata was received. */
      readonly form: MetadataForm;
    },
  ];
  /** The metadata of this node is another version, whether this node changed it or the cluster did. */
  changed: [MetadataChange];
  /** A poll failed, or its snapshot could not be stored; retried after `retryIn` milliseconds. */
  syncFailed: [{ readonly error: CfluxError; readonly failures: number; readonly retryIn: number }];
  /** Changes of this node became a version of the cluster. */
  pushed: [
    {
      readonly version: number;
      readonly previousVersion: number;
      /** Number of mutations in the version. */
      readonly mutations: number;
      /** Number of snapshots until one was accepted. */
      readonly rounds: number;
      /** Size of the snapshot in bytes. */
      readonly bytes: number;
      /** Number of drop orders that the push made. */
      readonly orders: number;
      /** How the metadata was sent; `snapshot` also if the transport does not state it. */
      readonly form: MetadataForm;
    },
  ];
  /** A change ordered drops, but the manager is older: it made the change and ignored the orders. */
  dropOrdersIgnored: [{ readonly version: number; readonly orders: readonly NewDropOrder[] }];
  /** Another node pushed first: its metadata was adopted, and the changes are applied again. */
  conflict: [{ readonly version: number; readonly previousVersion: number; readonly round: number }];
  /** Changes were rolled back because their push failed. `error.code` is `UNKNOWN_OUTCOME` if they may be in the history. */
  rolledBack: [{ readonly error: CfluxError; readonly mutations: number }];
  /** The cluster's metadata replaced metadata that only this node had. */
  replaced: [BackedUpMetadata & { readonly reason: ReplacedReason; readonly version: number }];
  /** The wrapped client was changed externally; the accepted metadata was restored. */
  diverged: [BackedUpMetadata & { readonly version: number }];
  /** The manager lost or changed its history; this node follows the new one. */
  epochChanged: [
    Partial<BackedUpMetadata> & {
      readonly previousEpoch: string | undefined;
      readonly epoch: string | undefined;
      readonly previousVersion: number;
      readonly version: number;
      /** Whether this node's metadata seeded the new history. */
      readonly seeded: boolean;
    },
  ];
  /** The manager has another cluster's metadata: nothing is adopted or pushed until `adopt()` or `reseed()`. */
  foreignCluster: [
    {
      readonly epoch: string | undefined;
      readonly clusterId: bigint;
      readonly ownClusterId: bigint;
      readonly version: number;
    },
  ];
  stateChange: [{ readonly from: CfluxState; readonly to: CfluxState }];
  /** The client is closed; no event follows. */
  closed: [];
}

/** The name of an event. */
export type CfluxEventName = keyof CfluxEvents;

// An object, so that the type checker requires every name.
const names: Readonly<Record<CfluxEventName, true>> = {
  registered: true,
  heartbeat: true,
  heartbeatFailed: true,
  registrationLost: true,
  duplicateNode: true,
  synced: true,
  changed: true,
  syncFailed: true,
  pushed: true,
  dropOrdersIgnored: true,
  conflict: true,
  rolledBack: true,
  replaced: true,
  diverged: true,
  epochChanged: true,
  foreignCluster: true,
  stateChange: true,
  closed: true,
};

/**
 * The names of all events.
 *
 * @example
 * ```ts
 * for (const name of cfluxEventNames) client.on(name, () => console.log(name));
 * ```
 */
export const cfluxEventNames: readonly CfluxEventName[] = Object.keys(names) as CfluxEventName[];

/** Emits an event. */
export type Emit = <Name extends CfluxEventName>(name: Name, ...payload: CfluxEvents[Name]) => void;
