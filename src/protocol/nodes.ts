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
}

/** The manager's response to a registration. */
export interface Registration {
  /** Never 0, below 2^53, never assigned twice. */
  readonly id: number;
  /** When the node expires without another heartbeat, as formatted by the manager. */
  readonly expirationDate: string;
}
