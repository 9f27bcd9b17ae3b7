import type { Password } from './password.js';
import type {
  DatabaseInfo,
  Lease,
  MeasurementSource,
  MetaData,
  RetentionPolicyInfo,
  RetentionPolicySpec,
  RetentionPolicyUpdate,
  ShardGroupInfo,
  ShardInfo,
  ShardOwnership,
  UserInfo,
} from './records.js';

/** A value, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * A node's metadata store: the methods of InfluxDB's Go client (`services/meta`), in camelCase, with the same arguments in the same
 * order. Each may return a value or a promise. Where the Go client returns nil, they return `undefined`; where it returns an error, they
 * reject (or throw) with InfluxDB's own text.
 */
export interface MetaClient {
  /** Acquires resources: opens files, takes locks. Optional for clients without resources. */
  open(): Awaitable<void>;
  /** Releases what `open` acquired. */
  close(): Awaitable<void>;

  /** Returns the random number that the store assigned to itself; the same on all nodes of a cluster. */
  clusterId(): Awaitable<bigint>;
  /** Returns the whole current metadata. */
  data(): Awaitable<MetaData>;
  /** Replaces everything, including cluster id and users. */
  setData(data: MetaData): Awaitable<void>;
  /** Returns the whole metadata as InfluxDB writes it to `meta.db`. */
  marshalBinary(): Awaitable<Uint8Array>;
  /** Resolves at the next successful commit. */
  waitForDataChanged(): Promise<void>;
  /** Acquires the right to do `name` for a minute. It is not part of the metadata. */
  acquireLease(name: string): Awaitable<Lease>;

  /** Returns the database with that name, if it exists. */
  database(name: string): Awaitable<DatabaseInfo | undefined>;
  /** Returns all databases, in order of creation. */
  databases(): Awaitable<readonly DatabaseInfo[]>;
  /**
   * Creates a database, with the retention policy `autogen` unless the store is configured otherwise; an existing one is returned
   * unchanged.
   *
   * @throws CfluxError `DATABASE_NAME_REQUIRED`, `NAME_TOO_LONG`
   */
  createDatabase(name: string): Awaitable<DatabaseInfo>;
  /**
   * Creates a database with this default policy. If the database exists, the policy must match its default.
   *
   * @throws CfluxError `RETENTION_POLICY_CONFLICT`, `RETENTION_POLICY_SPEC_REQUIRED`, and those of `createDatabase` and `createRetentionPolicy`
   */
  createDatabaseWithRetentionPolicy(name: string, spec: RetentionPolicySpec): Awaitable<DatabaseInfo>;
  /** Drops a database, and the privileges on it. No error if it does not exist. */
  dropDatabase(name: string): Awaitable<void>;

  /**
   * Returns a policy of a database; `''` selects its default.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`
   */
  retentionPolicy(database: string, name: string): Awaitable<RetentionPolicyInfo | undefined>;
  /**
   * Creates a policy, and returns it as specified; creating the same one again is no error. The first policy of a database does not
   * become its default automatically.
   *
   * @param makeDefault whether it becomes the default of the database
   * @throws CfluxError `RETENTION_POLICY_DURATION_TOO_LOW` (below 1 h), `NAME_TOO_LONG`, `REPLICATION_FACTOR_TOO_LOW`,
   * `INCOMPATIBLE_DURATIONS`, `NEGATIVE_WRITE_LIMIT`, `DATABASE_NOT_FOUND`, `RETENTION_POLICY_EXISTS`, `RETENTION_POLICY_CONFLICT`,
   * `INVALID_DURATION`
   */
  createRetentionPolicy(
    database: string,
    spec: RetentionPolicySpec,
    makeDefault: boolean,
  ): Awaitable<RetentionPolicyInfo>;
  /**
   * Changes the fields of a policy that are in `update`; `''` selects the default one. A default that is renamed stays the default only
   * with `makeDefault`.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`, `RETENTION_POLICY_NOT_FOUND`, `RETENTION_POLICY_NAME_EXISTS`,
   * `RETENTION_POLICY_DURATION_TOO_LOW`, `INCOMPATIBLE_DURATIONS`, `NEGATIVE_WRITE_LIMIT`, `INVALID_DURATION`
   */
  updateRetentionPolicy(
    database: string,
    name: string,
    update: RetentionPolicyUpdate,
    makeDefault: boolean,
  ): Awaitable<void>;
  /** Drops a policy. The database's default keeps its name. No error if it does not exist. */
  dropRetentionPolicy(database: string, name: string): Awaitable<void>;

  /** Returns all users, in order of creation. */
  users(): Awaitable<readonly UserInfo[]>;
  /**
   * Returns the user with that name.
   *
   * @throws CfluxError `USER_NOT_FOUND`
   */
  user(name: string): Awaitable<UserInfo>;
  /** Returns the number of users. */
  userCount(): Awaitable<number>;
  /** Returns whether any user is an administrator. */
  adminUserExists(): Awaitable<boolean>;
  /**
   * Creates a user, with a bcrypt hash of `password`; creating the same one again, with the same password and rights, is no error.
   *
   * @throws CfluxError `USERNAME_REQUIRED`, `USER_EXISTS`, `PASSWORD_TOO_LONG` (above 72 bytes), `PASSWORD_HASH_TOO_COSTLY`
   */
  createUser(name: string, password: string | Password, admin: boolean): Awaitable<UserInfo>;
  /**
   * Changes a user's password.
   *
   * @throws CfluxError `USER_NOT_FOUND`, `PASSWORD_TOO_LONG`
   */
  updateUser(name: string, password: string | Password): Awaitable<void>;
  /**
   * Drops a user.
   *
   * @throws CfluxError `USER_NOT_FOUND`
   */
  dropUser(name: string): Awaitable<void>;
  /**
   * Sets a user's privilege on a database: a `Privilege`, which replaces the previous one.
   *
   * @throws CfluxError `USER_NOT_FOUND`, `DATABASE_NOT_FOUND`
   */
  setPrivilege(username: string, database: string, privilege: number): Awaitable<void>;
  /**
   * Makes a user an administrator, or revokes that.
   *
   * @throws CfluxError `USER_NOT_FOUND`
   */
  setAdminPrivilege(username: string, admin: boolean): Awaitable<void>;
  /**
   * Returns a user's privileges, by database.
   *
   * @throws CfluxError `USER_NOT_FOUND`
   */
  userPrivileges(username: string): Awaitable<ReadonlyMap<string, number>>;
  /**
   * Returns a user's privilege on one database; `Privilege.None` if none was set.
   *
   * @throws CfluxError `USER_NOT_FOUND`
   */
  userPrivilege(username: string, database: string): Awaitable<number>;
  /**
   * Returns the user, if the password is correct.
   *
   * @throws CfluxError `USER_NOT_FOUND`, `AUTHENTICATION_FAILED`, `PASSWORD_HASH_TOO_COSTLY` (the hash has a cost above 14: set a new password)
   */
  authenticate(username: string, password: string): Awaitable<UserInfo>;

  /** Returns the ids of all shards, including those of deleted groups, ascending. */
  shardIds(): Awaitable<readonly bigint[]>;
  /**
   * Returns the groups of a policy, except deleted ones, that contain any time from `min` to `max`, both included, in nanoseconds since
   * 1970.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`, `RETENTION_POLICY_NOT_FOUND`
   */
  shardGroupsByTimeRange(
    database: string,
    policy: string,
    min: bigint,
    max: bigint,
  ): Awaitable<readonly ShardGroupInfo[]>;
  /**
   * Returns the shards of the policies of `sources` whose groups contain any time from `min` to `max`, in nanoseconds since 1970.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`, `RETENTION_POLICY_NOT_FOUND`
   */
  shardsByTimeRange(
    sources: readonly MeasurementSource[],
    min: bigint,
    max: bigint,
  ): Awaitable<readonly ShardInfo[]>;
  /** Database, policy and group of a shard; `undefined` if no group that is not deleted has it. */
  shardOwner(shardId: bigint): Awaitable<ShardOwnership | undefined>;
  /** Drops a shard, and marks its group as deleted if it was the last one there. No error if it does not exist. */
  dropShard(id: bigint): Awaitable<void>;
  /**
   * Returns the group of a policy for `timestamp`, in nanoseconds since 1970, and creates it if needed. `undefined` beyond the end of
   * time.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`, `RETENTION_POLICY_NOT_FOUND`
   */
  createShardGroup(
    database: string,
    policy: string,
    timestamp: bigint,
  ): Awaitable<ShardGroupInfo | undefined>;
  /**
   * Marks a group as deleted; `pruneShardGroups` removes it later.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`, `RETENTION_POLICY_NOT_FOUND`, `SHARD_GROUP_NOT_FOUND`
   */
  deleteShardGroup(database: string, policy: string, id: bigint): Awaitable<void>;
  /** Creates the next group of each policy whose last group ends between `from` and `to`, in nanoseconds since 1970. */
  precreateShardGroups(from: bigint, to: bigint): Awaitable<void>;
  /** Truncates every group that continues after `timestamp`, in nanoseconds since 1970, so that it accepts only earlier points. */
  truncateShardGroups(timestamp: bigint): Awaitable<void>;
  /** Removes groups that were deleted more than 14 days ago. */
  pruneShardGroups(): Awaitable<void>;

  /**
   * Creates a continuous query, whose text is not parsed; creating the same one again is no error.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`, `CONTINUOUS_QUERY_EXISTS`
   */
  createContinuousQuery(database: string, name: string, query: string): Awaitable<void>;
  /** Drops a continuous query. No error if it does not exist. */
  dropContinuousQuery(database: string, name: string): Awaitable<void>;

  /**
   * Creates a subscription: incoming points are forwarded to `destinations`.
   *
   * @param mode free text; `ALL` or `ANY` by convention
   * @param destinations URLs that `isSubscriptionUrl` accepts
   * @throws CfluxError `INVALID_SUBSCRIPTION_URL`, `DATABASE_NOT_FOUND`, `RETENTION_POLICY_NOT_FOUND`, `SUBSCRIPTION_EXISTS`
   */
  createSubscription(
    database: string,
    policy: string,
    name: string,
    mode: string,
    destinations: readonly string[],
  ): Awaitable<void>;
  /**
   * Drops a subscription.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`, `RETENTION_POLICY_NOT_FOUND`, `SUBSCRIPTION_NOT_FOUND`
   */
  dropSubscription(database: string, policy: string, name: string): Awaitable<void>;
}

/** Any object with at least `data` and `setData`: a mock, a partial client. A missing method is an error when called. */
export type MetaClientLike = Partial<MetaClient> & Pick<MetaClient, 'data' | 'setData'>;

/**
 * A meta client that can create a detached copy of itself cheaply: changes to the fork are private and are not written to disk.
 * CfluxClient runs mutations on a fork, so that readers of the wrapped client see accepted metadata only.
 */
export interface ForkableMetaClient extends MetaClientLike {
  /** Returns a copy that shares no mutable state. */
  fork(): MetaClientLike;
}

/** A meta client that can hash a password before the change is queued, once, off the event loop. */
export interface PasswordHashingMetaClient extends MetaClientLike {
  /** A hash of `password`, to be used in place of it. */
  hashPassword(password: string): Promise<Password>;
}
