/** The connection of a request, as far as it identifies the client. */
export interface ClientConnection {
  /** The remote port. */
  readonly port: number;
  /** The node that registered, or sent a heartbeat, on this connection. */
  readonly nodeId?: number | undefined;
  /** Several nodes use this connection, through a proxy. */
  readonly isShared: boolean;
}

/** Identifies the requester of a change, as far as the request itself does not. */
export interface Requester {
  /** The remote address. */
  readonly remote?: string | undefined;
  /** Name of the token or client certificate of the requester. */
  readonly author?: string | undefined;
  /** Distinguishes clients that send no id, such as legacy clients; absent if there is no connection. */
  readonly connection?: ClientConnection | undefined;
}

/** A stored change: requester, action and version. */
export interface AuditEntry extends Pick<Requester, 'remote' | 'author'> {
  readonly action: 'push' | 'register' | 'update-node' | 'deregister' | 'delete-cluster';
  readonly cluster: string;
  readonly version?: number | undefined;
  readonly nodeId?: number | undefined;
}

/** Called for every change, after it is stored. */
export type Audit = (entry: AuditEntry) => void;
