/** Who asks, where the request itself does not say so. */
export interface Requester {
  /** What tells clients without a node id apart: the remote address. */
  readonly remote?: string | undefined;
  /** The name of the token or client certificate that was shown. */
  readonly author?: string | undefined;
}

/** A change that was stored: who, what, which version. */
export interface AuditEntry extends Requester {
  readonly action: 'push' | 'register' | 'update-node' | 'deregister' | 'delete-cluster';
  readonly cluster: string;
  readonly version?: number | undefined;
  readonly nodeId?: number | undefined;
}

/** Is told of every change, once it is stored. */
export type Audit = (entry: AuditEntry) => void;
