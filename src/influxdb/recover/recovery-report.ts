/** A statement about the result of a recovery that an operator should know. */
export interface RecoveryFinding {
  /**
   * - `guessed`: nothing shows that this value is right
   * - `overlap`: shard groups overlap, so some writes go to another shard than before
   * - `contradiction`: two sources cannot both be right; the message names the one that counts
   * - `leftOut`: a shard on disk that is not in the metadata
   * - `dropped`: an item that the cluster dropped, and that was not recreated
   * - `damaged`: a file or directory that was skipped, entirely or in part
   * - `note`: anything else
   */
  readonly kind: 'guessed' | 'overlap' | 'contradiction' | 'leftOut' | 'dropped' | 'damaged' | 'note';
  readonly message: string;
  readonly database?: string;
  readonly policy?: string;
  readonly shard?: bigint;
  readonly path?: string;
}

/** Source of the values of a policy. */
export type PolicySource =
  | 'cluster'
  /** An earlier version of the cluster, which dropped the policy. */
  | 'earlier'
  | 'from'
  /** The `meta.db` that was replaced. */
  | 'present'
  /** The values that InfluxDB itself uses for its own statistics. */
  | 'internal'
  | 'inferred';

/** A retention policy with shards, after a recovery. */
export interface RecoveredPolicy {
  readonly database: string;
  readonly policy: string;
  readonly source: PolicySource;
  readonly shards: number;
  /** The times of its first and last point, nanoseconds since 1970; absent if no point can be read. */
  readonly firstTime?: bigint;
  readonly lastTime?: bigint;
  /** How its shard groups were found: `known` from metadata, `policy` by its present shard duration, `inferred` by another one. */
  readonly groups: readonly {
    readonly found: 'known' | 'policy' | 'inferred';
    /** Nanoseconds; 0 for groups that hold exactly the points of a shard. */
    readonly duration: bigint;
    readonly count: number;
  }[];
}
