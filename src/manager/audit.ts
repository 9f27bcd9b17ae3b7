import type { OrderedItem } from '../protocol/drop-orders.js';

/** Identifies the requester of a change, as far as the request itself does not. */
export interface Requester {
  /** Distinguishes clients without a node id: the remote address. */
  readonly remote?: string | undefined;
  /** Name of the token or client certificate of the requester. */
  readonly author?: string | undefined;
}

/** A stored change: requester, action and version. */
export interface AuditEntry extends Requester {
  readonly action:
    | 'push'
    | 'order-drop'
    | 'revoke-drops'
    | 'confirm-drops'
    | 'register'
    | 'update-node'
    | 'deregister'
    | 'delete-cluster';
  readonly cluster: string;
  readonly version?: number | undefined;
  readonly nodeId?: number | undefined;
  /** The databases and policies of drop orders. */
  readonly drops?: readonly OrderedItem[] | undefined;
}

/** Called for every change, after it is stored. */
export type Audit = (entry: AuditEntry) => void;
