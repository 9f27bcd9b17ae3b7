import type { CfluxError } from '../../errors.js';
import type { CfluxState } from './status.js';

/** Why the wrapped client's metadata gave way to the cluster's. */
export type ReplacedReason =
  /** The node joined with metadata of its own. */
  | 'joined'
  /** After a crash the local metadata was not what the node had recorded. */
  | 'unconfirmed'
  /** The operator called `adopt()`. */
  | 'adopted';

/** Metadata that gave way, kept so that nothing is lost unseen. */
export interface BackedUpMetadata {
  /** Path of the backup, a `meta.db` that InfluxDB opens; absent without `dir`. */
  readonly backup?: string;
  /** Paths of older backups that were deleted because there are more than `maxBackups`; absent if none was. */
  readonly deletedBackups?: readonly string[];
  /** The same metadata, encoded. */
  readonly snapshot: Uint8Array;
}

/** Every event of a CfluxClient and what its listeners get. Events named `…Failed` are transient: the client goes on by itself. */
export interface CfluxEvents {
  /** The manager gave this node its id, or took it back under the id it had. */
  registered: [{ readonly nodeId: number; readonly cluster: string; readonly endpoint: string | undefined }];
  /** A heartbeat was answered. `at`: milliseconds since 1970. */
  heartbeat: [{ readonly nodeId: number; readonly at: number }];
  /** A heartbeat (or registration) failed with all its attempts; the next one follows. `failures`: how many in a row. */
  heartbeatFailed: [{ readonly error: CfluxError; readonly failures: number }];
  /** The manager does not know this node's id any more; the node registers again. */
  registrationLost: [{ readonly nodeId: number }];
  /** Another process uses this node's id, as after a copy of its directory: both were told, and register for ids of their own. */
  duplicateNode: [{ readonly nodeId: number }];
  /** Newer metadata of the cluster is here. */
  synced: [
    { readonly version: number; readonly previousVersion: number; readonly epoch: string | undefined },
  ];
  /** A poll failed, or what it brought could not be stored; tried again after `retryIn` milliseconds. */
  syncFailed: [{ readonly error: CfluxError; readonly failures: number; readonly retryIn: number }];
  /** Changes of this node became a version of the cluster. */
  pushed: [
    {
      readonly version: number;
      readonly previousVersion: number;
      /** How many mutations the version holds. */
      readonly mutations: number;
      /** How many snapshots were made until one was accepted. */
      readonly rounds: number;
      /** Size of the snapshot in bytes. */
      readonly bytes: number;
    },
  ];
  /** Another node was first: its metadata was adopted, the changes are applied again. */
  conflict: [{ readonly version: number; readonly previousVersion: number; readonly round: number }];
  /** Changes were taken back: their push failed. `error.code` is `UNKNOWN_OUTCOME` where they may be in the history all the same. */
  rolledBack: [{ readonly error: CfluxError; readonly mutations: number }];
  /** The cluster's metadata took the place of metadata that only this node had. */
  replaced: [BackedUpMetadata & { readonly reason: ReplacedReason; readonly version: number }];
  /** The wrapped client was changed behind our back; the accepted metadata was put back. */
  diverged: [BackedUpMetadata & { readonly version: number }];
  /** The manager lost its history or was given another; this node follows the new one. */
  epochChanged: [
    Partial<BackedUpMetadata> & {
      readonly previousEpoch: string | undefined;
      readonly epoch: string | undefined;
      readonly previousVersion: number;
      readonly version: number;
      /** This node's metadata seeded the new history. */
      readonly seeded: boolean;
    },
  ];
  /** The manager holds the metadata of another cluster: nothing is adopted or pushed until `adopt()` or `reseed()`. */
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

// As an object, so that the type checker demands every one.
const names: Readonly<Record<CfluxEventName, true>> = {
  registered: true,
  heartbeat: true,
  heartbeatFailed: true,
  registrationLost: true,
  duplicateNode: true,
  synced: true,
  syncFailed: true,
  pushed: true,
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
 * Every event's name, for whoever listens to all of them.
 *
 * @example
 * ```ts
 * for (const name of cfluxEventNames) client.on(name, () => console.log(name));
 * ```
 */
export const cfluxEventNames: readonly CfluxEventName[] = Object.keys(names) as CfluxEventName[];

/** How the parts of the client tell what happened. */
export type Emit = <Name extends CfluxEventName>(name: Name, ...payload: CfluxEvents[Name]) => void;
