import type { MetaData } from '../meta/records.js';

/** The part of a CfluxClient that a mirror follows. */
export interface MetadataSource {
  /** The cluster's metadata as this node has it. */
  data(): MetaData | PromiseLike<MetaData>;
  readonly status: {
    /** 0 before the node has joined its cluster; its own metadata is not followed. */
    readonly version: number;
    readonly epoch: string | undefined;
  };
  /** Called with the version that the server is in sync with. Optional. */
  noteApplied?(applied: { readonly version: number; readonly epoch?: string | undefined }): void;
  /** As of CfluxClient. */
  on<Event extends keyof SourceEvents>(
    event: Event,
    listener: (...args: SourceEvents[Event]) => void,
  ): unknown;
  /** As of CfluxClient. */
  off<Event extends keyof SourceEvents>(
    event: Event,
    listener: (...args: SourceEvents[Event]) => void,
  ): unknown;
}

/** The events of a CfluxClient that a mirror uses. */
export interface SourceEvents {
  /** The node adopted newer metadata of the cluster. */
  synced: [event: unknown];
  /** A change of this node became a version of the cluster. */
  pushed: [event: unknown];
  /** The manager lost or changed its history. */
  epochChanged: [event: unknown];
  /** The client connected to its manager, or lost it. */
  stateChange: [event: unknown];
  /** The cluster's metadata replaced this node's. */
  replaced: [event: { readonly reason: string }];
}
