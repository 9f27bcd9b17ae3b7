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

/** Directly, or as a promise. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * A node's metadata store: the methods of InfluxDB's Go client (`services/meta`), in camelCase, with the same arguments in
 * the same order. Each may answer directly or with a promise. Where the Go client answers nil, `undefined`; where it
 * answers an error, a rejection (or throw) with InfluxDB's own text.
 */
export interface MetaClient {
  /** Gets ready: opens files, takes locks. What a client without any needs not have. */
  open(): Awaitable<void>;
  /** Frees what `open` took. */
  close(): Awaitable<void>;

  /** The random number that the store drew for itself; the same on all nodes of a cluster. */
  clusterId(): Awaitable<bigint>;
  /** The whole metadata as it is now. */
  data(): Awaitable<MetaData>;
  /** Replaces everything, cluster id and users too. */
  setData(data: MetaData): Awaitable<void>;
  /** The whole metadata as InfluxDB writes it to `meta.db`. */
  marshalBinary(): Awaitable<Uint8Array>;
  /** Resolves at the next successful commit. */
  waitForDataChanged(): Promise<void>;
  /** The right to do `name` for a minute. It is not part of the metadata. */
  acquireLease(name: string): Awaitable<Lease>;

  /** The database of that name, if there is one. */
  database(name: string): Awaitable<DatabaseInfo | undefined>;
  /** All databases, in order of creation. */
  databases(): Awaitable<readonly DatabaseInfo[]>;
  /**
   * Makes a database, with the retention policy `autogen` unless the store is told not to; one that exists is answered as it is.
   *
   * @throws CfluxError `DATABASE_NAME_REQUIRED`, `NAME_TOO_LONG`
   */
  createDatabase(name: string): Awaitable<DatabaseInfo>;
  /**
   * Makes a database with this default policy. On one that exists, the policy must match its default.
   *
   * @throws CfluxError `RETENTION_POLICY_CONFLICT`, `RETENTION_POLICY_SPEC_REQUIRED`, and those of `createDatabase` and `createRetentionPolicy`
   */
  createDatabaseWithRetentionPolicy(name: string, spec: RetentionPolicySpec): Awaitable<DatabaseInfo>;
  /** Removes a database, and what was granted on it. One that is not there is none to remove: no error. */
  dropDatabase(name: string): Awaitable<void>;

  /**
   * A policy of a database; `''` is its default.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`
   */
  retentionPolicy(database: string, name: string): Awaitable<RetentionPolicyInfo | undefined>;
  /**
   * Makes a policy, and answers it as `spec` has it; the same one again is no error. The first policy of a database does not become
   * its default by itself.
   *
   * @param makeDefault whether it becomes the default of the database
   * @throws CfluxError `RETENTION_POLICY_DURATION_TOO_LOW` (below 1 h), `NAME_TOO_LONG`, `REPLICATION_FACTOR_TOO_LOW`,
   * `INCOMPATIBLE_DURATIONS`, `DATABASE_NOT_FOUND`, `RETENTION_POLICY_EXISTS`, `RETENTION_POLICY_CONFLICT`, `INVALID_DURATION`
   */
  createRetentionPolicy(
    database: string,
    spec: RetentionPolicySpec,
    makeDefault: boolean,
  ): Awaitable<RetentionPolicyInfo>;
  /**
   * Changes what `update` has of a policy; `''` is the default one. A default that is renamed stays the default only with `makeDefault`.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`, `RETENTION_POLICY_NOT_FOUND`, `RETENTION_POLICY_NAME_EXISTS`,
   * `RETENTION_POLICY_DURATION_TOO_LOW`, `INCOMPATIBLE_DURATIONS`, `INVALID_DURATION`
   */
  updateRetentionPolicy(
    database: string,
    name: string,
    update: RetentionPolicyUpdate,
    makeDefault: boolean,
  ): Awaitable<void>;
  /** Removes a policy. The database's default goes on naming it. One that is not there: no error. */
  dropRetentionPolicy(database: string, name: string): Awaitable<void>;

  /** All users, in order of creation. */
  users(): Awaitable<readonly UserInfo[]>;
  /**
   * The user of that name.
   *
   * @throws CfluxError `USER_NOT_FOUND`
   */
  user(name: string): Awaitable<UserInfo>;
  /** How many users there are. */
  userCount(): Awaitable<number>;
  /** Whether any user is an administrator. */
  adminUserExists(): Awaitable<boolean>;
  /**
   * Makes a user, with a bcrypt hash of `password`; the same one again, with the same password and rights, is no error.
   *
   * @throws CfluxError `USERNAME_REQUIRED`, `USER_EXISTS`, `PASSWORD_TOO_LONG` (above 72 bytes), `PASSWORD_HASH_TOO_COSTLY`
   */
  createUser(name: string, password: string | Password, admin: boolean): Awaitable<UserInfo>;
  /**
   * Gives a user another password.
   *
   * @throws CfluxError `USER_NOT_FOUND`, `PASSWORD_TOO_LONG`
   */
  updateUser(name: string, password: string | Password): Awaitable<void>;
  /**
   * Removes a user.
   *
   * @throws CfluxError `USER_NOT_FOUND`
   */
  dropUser(name: string): Awaitable<void>;
  /**
   * Sets what a user may do on a database: a `Privilege`, in place of the one before.
   *
   * @throws CfluxError `USER_NOT_FOUND`, `DATABASE_NOT_FOUND`
   */
  setPrivilege(username: string, database: string, privilege: number): Awaitable<void>;
  /**
   * Makes a user an administrator, or no longer one.
   *
   * @throws CfluxError `USER_NOT_FOUND`
   */
  setAdminPrivilege(username: string, admin: boolean): Awaitable<void>;
  /**
   * What a user may do, by database.
   *
   * @throws CfluxError `USER_NOT_FOUND`
   */
  userPrivileges(username: string): Awaitable<ReadonlyMap<string, number>>;
  /**
   * What a user may do on one database; `Privilege.None` where nothing was set.
   *
   * @throws CfluxError `USER_NOT_FOUND`
   */
  userPrivilege(username: string, database: string): Awaitable<number>;
  /**
   * The user, if that is the password.
   *
   * @throws CfluxError `USER_NOT_FOUND`, `AUTHENTICATION_FAILED`, `PASSWORD_HASH_TOO_COSTLY` (the hash has a cost above 14: set a new password)
   */
  authenticate(username: string, password: string): Awaitable<UserInfo>;

  /** The ids of all shards, those of deleted groups too, ascending. */
  shardIds(): Awaitable<readonly bigint[]>;
  /**
   * The groups of a policy, but deleted ones, that hold any of the times from `min` to `max`, both included, in nanoseconds since 1970.
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
   * The shards of the policies of `sources` whose groups hold any of the times from `min` to `max`, in nanoseconds since 1970.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`, `RETENTION_POLICY_NOT_FOUND`
   */
  shardsByTimeRange(
    sources: readonly MeasurementSource[],
    min: bigint,
    max: bigint,
  ): Awaitable<readonly ShardInfo[]>;
  /** Database, policy and group of a shard. */
  shardOwner(shardId: bigint): Awaitable<ShardOwnership>;
  /** Removes a shard, and marks its group as deleted if it was the last one there. One that is not there: no error. */
  dropShard(id: bigint): Awaitable<void>;
  /**
   * The group of a policy for `timestamp`, in nanoseconds since 1970, made if there is none. `undefined` beyond the end of time.
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
  /** Makes the group after the last one of each policy whose last one ends between `from` and `to`, in nanoseconds since 1970. */
  precreateShardGroups(from: bigint, to: bigint): Awaitable<void>;
  /** Lets every group that goes on after `timestamp`, in nanoseconds since 1970, take points before it only. */
  truncateShardGroups(timestamp: bigint): Awaitable<void>;
  /** Removes groups that were deleted more than 14 days ago. */
  pruneShardGroups(): Awaitable<void>;

  /**
   * Makes a continuous query, whose text is not looked at; the same one again is no error.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`, `CONTINUOUS_QUERY_EXISTS`
   */
  createContinuousQuery(database: string, name: string, query: string): Awaitable<void>;
  /** Removes a continuous query. One that is not there: no error. */
  dropContinuousQuery(database: string, name: string): Awaitable<void>;

  /**
   * Makes a subscription: points that come in are sent on to `destinations`.
   *
   * @param mode free text; `ALL` or `ANY` by convention
   * @param destinations URLs as `isSubscriptionUrl` takes them
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
   * Removes a subscription.
   *
   * @throws CfluxError `DATABASE_NOT_FOUND`, `RETENTION_POLICY_NOT_FOUND`, `SUBSCRIPTION_NOT_FOUND`
   */
  dropSubscription(database: string, policy: string, name: string): Awaitable<void>;
}

/** Any object that has at least `data` and `setData`: a mock, a partial client. A missing method is an error when called. */
export type MetaClientLike = Partial<MetaClient> & Pick<MetaClient, 'data' | 'setData'>;

/**
 * A meta client that can make a detached copy of itself cheaply: changes to the fork are seen by nobody else and touch no disk.
 * CfluxClient runs mutations on a fork, so that readers of the wrapped client see accepted metadata only.
 */
export interface ForkableMetaClient extends MetaClientLike {
  /** A copy that shares nothing which changes. */
  fork(): MetaClientLike;
}

/** A meta client that can hash a password before the change is queued, once, off the event loop. */
export interface PasswordHashingMetaClient extends MetaClientLike {
  /** A hash of `password`, to be used in place of it. */
  hashPassword(password: string): Promise<Password>;
}
