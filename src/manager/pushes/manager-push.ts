import type { PushRequest, PushResult } from '../../transport/transport.js';
import type { OfferedDelta } from '../versions/recent-changes.js';

/** A push as a manager accepts it: a snapshot, a delta, or both; the snapshot is then used if the delta cannot be. */
export type ManagerPush = Omit<PushRequest, 'snapshot'> & { readonly snapshot?: Uint8Array | undefined };

/** The result of a push. The delta of a conflict comes with the snapshot that it produces. */
export type ManagerPushResult =
  | Exclude<PushResult, { readonly delta: Uint8Array }>
  | (OfferedDelta & { readonly kind: 'conflict' });

/** Reserves memory before it is allocated; throws if there is not enough room for `bytes` more. */
export type Reserve = (bytes: number) => void;
