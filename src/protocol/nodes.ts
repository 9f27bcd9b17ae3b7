import type { NodeReport } from './node-report.js';

/** What a node last spoke: the protocol with the additions, beside a server or not, or without them. */
export type NodeKind = 'agent' | 'library' | 'legacy';

/** Description that a node sends when it registers. */
export interface NodeDescription {
  /** Every IPv4 address, each followed by a comma: `10.0.0.1,10.0.0.2,`. */
  readonly ip: string;
  readonly hostname: string;
  /** `host:port` of its HTTP API; if omitted the manager records the remote address of the request. */
  readonly bindAddress?: string;
  /** Every address, including IPv6. */
  readonly addresses?: readonly string[];
}

/** A member of a cluster, alive or not. */
export interface NodeInfo {
  readonly id: number;
  readonly ip: string;
  readonly hostname: string;
  readonly bindAddress: string;
  /** Its last heartbeat is younger than the time to live, and it has not shut down since. */
  readonly alive: boolean;
  /** What it last spoke; absent: not heard of yet, or the manager does not tell. */
  readonly kind?: NodeKind;
  /** Its process, as it names itself. */
  readonly instance?: string;
  /** The version that the node holds, by its last word; absent: not known. One below the oldest kept version is just that. */
  readonly heldVersion?: number;
  /** Of an agent: the version that its server was last seen to agree with, but for what its report names; absent: not known. */
  readonly appliedVersion?: number;
  /** Milliseconds since it was last heard of; absent: not known. */
  readonly lastSeen?: number;
  /** Two processes were found to share the id; both were told to register anew. */
  readonly duplicate?: boolean;
  /** What its agent reported last. */
  readonly report?: NodeReport;
}

/** The manager's response to a registration. */
export interface Registration {
  /** Never 0, below 2^53, never assigned twice. */
  readonly id: number;
  /** When the node expires without another heartbeat, as formatted by the manager. */
  readonly expirationDate: string;
}
