import { type Clock, systemClock } from '../clock.js';
import { checkCost, defaultCost } from './bcrypt.js';
import { encodeMetadata } from './codec/encode-metadata.js';
import type { Operation } from './commit-sequence.js';
import { minute } from './durations.js';
import { emptyMetaData } from './empty-metadata.js';
import { checkOptions, type LocalMetaClientOptions } from './local-meta-options.js';
import { LocalStore } from './local-store.js';
import type { ForkableMetaClient, MetaClient, PasswordHashingMetaClient } from './meta-client.js';
import { checkedData, guardArguments } from './method-arguments.js';
import { createContinuousQuery, dropContinuousQuery } from './operations/continuous-queries.js';
import { findDatabase, requireDatabase } from './operations/database-lookup.js';
import { createDatabase, createDatabaseWithRetentionPolicy, dropDatabase } from './operations/databases.js';
import { answer, commit } from './operations/outcome.js';
import {
  createRetentionPolicy,
  dropRetentionPolicy,
  findDefaultingPolicy,
  updateRetentionPolicy,
} from './operations/retention-policies.js';
import {
  createShardGroup,
  deleteShardGroup,
  dropShard,
  precreateShardGroups,
  pruneShardGroups,
  truncateShardGroups,
} from './operations/shard-groups.js';
import { shardGroupsByTimeRange, shardIds, shardOwner, shardsByTimeRange } from './operations/shard-reads.js';
import { createSubscription, dropSubscription } from './operations/subscriptions.js';
import {
  adminUserExists,
  createUser,
  dropUser,
  findUser,
  requireUser,
  setAdminPrivilege,
  setPrivilege,
  updateUser,
  userPrivilege,
} from './operations/users.js';
import type { Password } from './password.js';
import { Passwords } from './passwords.js';
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
import { authenticationFailed } from './refusals.js';

/** Duration of a lease, in nanoseconds. */
const leaseDuration = minute;

/**
 * Runs `operation` on a client with the metadata of `fork`, which takes over its changes. If it throws, all its changes are undone. The
 * cost is proportional to the changes, however long the changed lists are: a fork for each of many operations would copy them as often.
 * Only one at a time.
 */
export let attemptOn: <T>(
  fork: LocalMetaClient,
  operation: (client: LocalMetaClient) => T | PromiseLike<T>,
) => Promise<T>;

/**
 * InfluxDB's metadata store: the operations of its Go client, with the same results, errors and commits.
 *
 * Reads are synchronous, and return committed metadata. Mutations return promises, and take effect one after another in the order of the
 * calls (one with a password is queued after its hash is computed). Records are immutable: the result of a read never changes, and parts
 * that a change did not affect stay the same objects.
 *
 * @example
 * ```ts
 * const meta = new LocalMetaClient({ dir: '/var/lib/influxdb/meta' });
 * await meta.open();
 * await meta.createDatabaseWithRetentionPolicy('sensors', { name: 'month', duration: '30d' });
 * console.log(meta.database('sensors')?.defaultRetentionPolicy); // month
 * await meta.close();
 * ```
 */
export class LocalMetaClient implements MetaClient, ForkableMetaClient, PasswordHashingMetaClient {
  readonly #options: LocalMetaClientOptions;
  readonly #clock: Clock;
  /** The store, or a function that creates it when it is first needed. */
  #stored: LocalStore | (() => LocalStore);
  #passwords: Passwords;

  constructor(options: LocalMetaClientOptions = {}) {
    checkOptions(options);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#passwords = new Passwords(checkCost(options.bcryptCost ?? defaultCost));
    this.#stored = new LocalStore(options, options.data ?? emptyMetaData(options));
  }

  static {
    guardArguments(LocalMetaClient.prototype);
    attemptOn = async (fork, operation) => {
      const { dir, lock, ...options } = fork.#options;
      const lent = new LocalMetaClient(options);
      const store = fork.#store;
      lent.#passwords = fork.#passwords;
      lent.#stored = store;
      try {
        return await store.attempt(() => operation(lent));
      } finally {
        // Work that the operation left running continues with a separate copy.
        lent.#stored = () => new LocalStore({}, store.data);
      }
    };
  }

  get #store(): LocalStore {
    if (typeof this.#stored === 'function') this.#stored = this.#stored();
    return this.#stored;
  }

  /**
   * Locks the directory and loads its file; a new store is written at once, so that its cluster id is durable. In memory there is nothing
   * to open. If it rejects, nothing has changed.
   *
   * @throws CfluxError `DIRECTORY_LOCKED`, `STORAGE_FAILED`, `MALFORMED_METADATA`
   */
  open(): Promise<void> {
    return this.#store.open();
  }

  /** Waits for pending writes and unlocks the directory; reads still work afterwards. In memory there is nothing to close. */
  close(): Promise<void> {
    return this.#store.close();
  }

  /** As `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Returns a private copy in memory: changes to it affect neither this client nor a file. It is cheap, because the records are shared.
   */
  fork(): LocalMetaClient {
    const { dir, lock, ...options } = this.#options;
    const fork = new LocalMetaClient({ ...options, data: this.data() });
    fork.#passwords = this.#passwords;
    return fork;
  }

  /** Hashes a password before the change that uses it is queued; see {@link Password}. */
  hashPassword(password: string): Promise<Password> {
    return this.#passwords.hash(password);
  }

  clusterId(): bigint {
    return this.#store.read((data) => data.clusterId);
  }

  data(): MetaData {
    return this.#store.data;
  }

  /** Replaces everything. The index becomes the given one + 1, as since InfluxDB 1.8 (before, it was + 2): so it may decrease. */
  setData(data: MetaData): Promise<void> {
    return this.#run((known) => commit(checkedData(data, known), {}));
  }

  /** Encodes the metadata as in the file: numbers that do not fit into their fields are truncated, as in InfluxDB. */
  marshalBinary(): Uint8Array {
    return encodeMetadata(this.data(), { outOfRange: 'wrap' });
  }

  waitForDataChanged(): Promise<void> {
    return this.#store.nextCommit();
  }

  /** Always granted, for a minute, to every caller: a single node shares with no other. See {@link Leases}. */
  acquireLease(name: string): Lease {
    return { name, expiration: this.#now() + leaseDuration, owner: 0n };
  }

  database(name: string): DatabaseInfo | undefined {
    return this.#store.read((data) => findDatabase(data, name));
  }

  databases(): readonly DatabaseInfo[] {
    return this.data().databases;
  }

  createDatabase(name: string): Promise<DatabaseInfo> {
    const { retentionAutoCreate = true } = this.#options;
    return this.#run((data) => createDatabase(data, name, { retentionAutoCreate }));
  }

  createDatabaseWithRetentionPolicy(name: string, spec: RetentionPolicySpec): Promise<DatabaseInfo> {
    return this.#run((data) => createDatabaseWithRetentionPolicy(data, name, spec));
  }

  dropDatabase(name: string): Promise<void> {
    return this.#run((data) => dropDatabase(data, name));
  }

  retentionPolicy(database: string, name: string): RetentionPolicyInfo | undefined {
    return this.#store.read((data) => findDefaultingPolicy(requireDatabase(data, database), name));
  }

  createRetentionPolicy(
    database: string,
    spec: RetentionPolicySpec,
    makeDefault: boolean,
  ): Promise<RetentionPolicyInfo> {
    return this.#run((data) => createRetentionPolicy(data, database, spec, makeDefault));
  }

  updateRetentionPolicy(
    database: string,
    name: string,
    update: RetentionPolicyUpdate,
    makeDefault: boolean,
  ): Promise<void> {
    return this.#run((data) => updateRetentionPolicy(data, database, name, update, makeDefault));
  }

  dropRetentionPolicy(database: string, name: string): Promise<void> {
    return this.#run((data) => dropRetentionPolicy(data, database, name));
  }

  users(): readonly UserInfo[] {
    return this.data().users;
  }

  user(name: string): UserInfo {
    return this.#store.read((data) => requireUser(data, name));
  }

  userCount(): number {
    return this.#store.read((data) => data.users.length);
  }

  adminUserExists(): boolean {
    return this.#store.read(adminUserExists);
  }

  async createUser(name: string, password: string | Password, admin: boolean): Promise<UserInfo> {
    const prepared = this.#passwords.prepare(password);
    for (;;) {
      const existing = this.#store.read((data) => findUser(data, name));
      const credentials =
        existing === undefined
          ? { hash: await prepared.hash(), matchesExisting: false }
          : { hash: '', matchesExisting: await prepared.matches(existing.hash) };
      const user = await this.#run((data) => {
        // The user may have been created, dropped or changed while the hash was computed: then the check is stale.
        if (findUser(data, name)?.hash !== existing?.hash) return answer(data, undefined);
        return createUser(data, name, credentials, admin);
      });
      if (user !== undefined) return user;
    }
  }

  async updateUser(name: string, password: string | Password): Promise<void> {
    const hash = await this.#passwords.prepare(password).hash();
    await this.#run((data) => updateUser(data, name, hash));
  }

  dropUser(name: string): Promise<void> {
    return this.#run((data) => dropUser(data, name));
  }

  setPrivilege(username: string, database: string, privilege: number): Promise<void> {
    return this.#run((data) => setPrivilege(data, username, database, privilege));
  }

  setAdminPrivilege(username: string, admin: boolean): Promise<void> {
    return this.#run((data) => setAdminPrivilege(data, username, admin));
  }

  userPrivileges(username: string): ReadonlyMap<string, number> {
    return this.user(username).privileges;
  }

  userPrivilege(username: string, database: string): number {
    return this.#store.read((data) => userPrivilege(data, username, database));
  }

  async authenticate(username: string, password: string): Promise<UserInfo> {
    const user = this.user(username);
    if (!(await this.#passwords.verify(password, user.hash))) throw authenticationFailed();
    return user;
  }

  shardIds(): readonly bigint[] {
    return shardIds(this.data());
  }

  shardGroupsByTimeRange(
    database: string,
    policy: string,
    min: bigint,
    max: bigint,
  ): readonly ShardGroupInfo[] {
    return shardGroupsByTimeRange(this.data(), database, policy, min, max);
  }

  shardsByTimeRange(sources: readonly MeasurementSource[], min: bigint, max: bigint): readonly ShardInfo[] {
    return shardsByTimeRange(this.data(), sources, min, max);
  }

  shardOwner(shardId: bigint): ShardOwnership | undefined {
    return shardOwner(this.data(), shardId);
  }

  dropShard(id: bigint): Promise<void> {
    return this.#run((data) => dropShard(data, id, this.#now()));
  }

  createShardGroup(database: string, policy: string, timestamp: bigint): Promise<ShardGroupInfo | undefined> {
    return this.#run((data) => createShardGroup(data, database, policy, timestamp));
  }

  deleteShardGroup(database: string, policy: string, id: bigint): Promise<void> {
    return this.#run((data) => deleteShardGroup(data, database, policy, id, this.#now()));
  }

  precreateShardGroups(from: bigint, to: bigint): Promise<void> {
    return this.#run((data) => precreateShardGroups(data, from, to));
  }

  truncateShardGroups(timestamp: bigint): Promise<void> {
    return this.#run((data) => truncateShardGroups(data, timestamp));
  }

  pruneShardGroups(): Promise<void> {
    return this.#run((data) => pruneShardGroups(data, this.#now()));
  }

  createContinuousQuery(database: string, name: string, query: string): Promise<void> {
    return this.#run((data) => createContinuousQuery(data, database, name, query));
  }

  dropContinuousQuery(database: string, name: string): Promise<void> {
    return this.#run((data) => dropContinuousQuery(data, database, name));
  }

  createSubscription(
    database: string,
    policy: string,
    name: string,
    mode: string,
    destinations: readonly string[],
  ): Promise<void> {
    return this.#run((data) => createSubscription(data, database, policy, name, mode, destinations));
  }

  dropSubscription(database: string, policy: string, name: string): Promise<void> {
    return this.#run((data) => dropSubscription(data, database, policy, name));
  }

  #run<T>(operation: Operation<T>): Promise<T> {
    return this.#store.run(operation);
  }

  /** Nanoseconds since 1970. */
  #now(): bigint {
    return BigInt(Math.trunc(this.#clock.now())) * 1_000_000n;
  }
}
