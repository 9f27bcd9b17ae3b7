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
  open(): Awaitable<void>;
  close(): Awaitable<void>;

  clusterId(): Awaitable<bigint>;
  /** The whole metadata as it is now. */
  data(): Awaitable<MetaData>;
  /** Replaces everything, cluster id and users too. */
  setData(data: MetaData): Awaitable<void>;
  marshalBinary(): Awaitable<Uint8Array>;
  /** Resolves at the next successful commit. */
  waitForDataChanged(): Promise<void>;
  acquireLease(name: string): Awaitable<Lease>;

  database(name: string): Awaitable<DatabaseInfo | undefined>;
  databases(): Awaitable<readonly DatabaseInfo[]>;
  createDatabase(name: string): Awaitable<DatabaseInfo>;
  createDatabaseWithRetentionPolicy(name: string, spec: RetentionPolicySpec): Awaitable<DatabaseInfo>;
  dropDatabase(name: string): Awaitable<void>;

  retentionPolicy(database: string, name: string): Awaitable<RetentionPolicyInfo | undefined>;
  createRetentionPolicy(
    database: string,
    spec: RetentionPolicySpec,
    makeDefault: boolean,
  ): Awaitable<RetentionPolicyInfo>;
  updateRetentionPolicy(
    database: string,
    name: string,
    update: RetentionPolicyUpdate,
    makeDefault: boolean,
  ): Awaitable<void>;
  dropRetentionPolicy(database: string, name: string): Awaitable<void>;

  users(): Awaitable<readonly UserInfo[]>;
  user(name: string): Awaitable<UserInfo>;
  userCount(): Awaitable<number>;
  adminUserExists(): Awaitable<boolean>;
  createUser(name: string, password: string | Password, admin: boolean): Awaitable<UserInfo>;
  updateUser(name: string, password: string | Password): Awaitable<void>;
  dropUser(name: string): Awaitable<void>;
  setPrivilege(username: string, database: string, privilege: number): Awaitable<void>;
  setAdminPrivilege(username: string, admin: boolean): Awaitable<void>;
  userPrivileges(username: string): Awaitable<ReadonlyMap<string, number>>;
  userPrivilege(username: string, database: string): Awaitable<number>;
  authenticate(username: string, password: string): Awaitable<UserInfo>;

  shardIds(): Awaitable<readonly bigint[]>;
  shardGroupsByTimeRange(
    database: string,
    policy: string,
    min: bigint,
    max: bigint,
  ): Awaitable<readonly ShardGroupInfo[]>;
  shardsByTimeRange(
    sources: readonly MeasurementSource[],
    min: bigint,
    max: bigint,
  ): Awaitable<readonly ShardInfo[]>;
  shardOwner(shardId: bigint): Awaitable<ShardOwnership>;
  dropShard(id: bigint): Awaitable<void>;
  createShardGroup(
    database: string,
    policy: string,
    timestamp: bigint,
  ): Awaitable<ShardGroupInfo | undefined>;
  deleteShardGroup(database: string, policy: string, id: bigint): Awaitable<void>;
  precreateShardGroups(from: bigint, to: bigint): Awaitable<void>;
  truncateShardGroups(timestamp: bigint): Awaitable<void>;
  pruneShardGroups(): Awaitable<void>;

  createContinuousQuery(database: string, name: string, query: string): Awaitable<void>;
  dropContinuousQuery(database: string, name: string): Awaitable<void>;

  createSubscription(
    database: string,
    policy: string,
    name: string,
    mode: string,
    destinations: readonly string[],
  ): Awaitable<void>;
  dropSubscription(database: string, policy: string, name: string): Awaitable<void>;
}

/** Any object that has at least `data` and `setData`: a mock, a partial client. A missing method is an error when called. */
export type MetaClientLike = Partial<MetaClient> & Pick<MetaClient, 'data' | 'setData'>;

/**
 * A meta client that can make a detached copy of itself cheaply: changes to the fork are seen by nobody else and touch no disk.
 * CfluxClient runs mutations on a fork, so that readers of the wrapped client see accepted metadata only.
 */
export interface ForkableMetaClient extends MetaClientLike {
  fork(): MetaClientLike;
}

/** A meta client that can hash a password before the change is queued, once, off the event loop. */
export interface PasswordHashingMetaClient extends MetaClientLike {
  hashPassword(password: string): Promise<Password>;
}
