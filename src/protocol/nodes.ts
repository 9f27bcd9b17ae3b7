import type { NodeReport } from './node-report.js';

/** The kind of a node: an agent next to a server, a library, or a legacy client. */
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
  /** Its IPv4 addresses, separated by commas: `10.0.0.1,10.0.0.2`. */
  readonly ip: string;
  /** The same addresses as a list. */
  readonly addresses: readonly string[];
  readonly hostname: string;
  readonly bindAddress: string;
  /** Its last heartbeat is younger than the time to live, and it has not shut down since. */
  readonly alive: boolean;
  /** It is not alive because it shut down, as far as the manager knows. */
  readonly left?: boolean;
  /** The kind at the last heartbeat; absent if there was none yet, or the manager does not report it. */
  readonly kind?: NodeKind;
  /** Its process, as it names itself. */
  readonly instance?: string;
  /** The last version that the node reported to hold; absent if unknown. It may be older than the oldest kept version. */
  readonly heldVersion?: number;
  /** The last version that an agent's server was in sync with, except for the findings of its report; absent if unknown. */
  readonly appliedVersion?: number;
  /** Milliseconds since the last request; absent if unknown. */
  readonly lastSeen?: number;
  /** `true` if two processes share the id; both must register again. */
  readonly duplicate?: boolean;
  /** What its agent reported last. */
  readonly report?: NodeReport;
}

/** Returns the version that counts for a node: of an agent the applied one, of others the held one. */
export const countingVersion = ({ kind, heldVersion, appliedVersion }: NodeInfo): number | undefined =>
  kind === 'agent' ? appliedVersion : heldVersion;

/** The manager's response to a registration. */
export interface Registration {
  /** Never 0, below 2^53, never assigned twice. */
  readonly id: number;
  /** When the node expires without another heartbeat, as formatted by the manager. */
  readonly expirationDate: string;
}
