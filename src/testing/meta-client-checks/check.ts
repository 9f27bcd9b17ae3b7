import type { CfluxErrorCode } from '../../errors.js';
import type { MetaClient } from '../../meta/meta-client.js';
import type { MutationName, ReadName } from '../../meta/methods.js';
import type { MetaData, RetentionPolicyInfo, ShardGroupInfo } from '../../meta/records.js';

/** A meta client without its lifecycle: a CfluxClient is one, too. */
export type UsedMetaClient = Pick<MetaClient, MutationName | ReadName>;

/** A meta client that is open, and how it is done with. */
export interface OpenMetaClient {
  readonly client: UsedMetaClient;
  /** For a client that keeps its data: closes it, and opens the same store again. */
  readonly reopen?: () => Promise<UsedMetaClient>;
  readonly close?: () => Promise<void> | void;
}

/** What a check works with: a client, and the questions that are asked again and again. */
export interface Bench {
  readonly meta: UsedMetaClient;
  readonly reopen: OpenMetaClient['reopen'];
  /** The metadata as it is now, whatever the client does to its own records later. */
  now(meta?: UsedMetaClient): Promise<MetaData>;
  /** `call` is refused with InfluxDB's own text, and leaves everything as it was. */
  refuses(call: () => unknown, message: string, code: CfluxErrorCode): Promise<void>;
  /** Asserts that `call` changes nothing; resolves with its result. */
  unchangedBy<T>(call: () => T | PromiseLike<T>): Promise<T>;
  /** The policy of this very name. */
  policy(database: string, name?: string): Promise<RetentionPolicyInfo>;
  /** The group for `timestamp` in `autogen`, made if there is none. */
  shardGroup(database: string, timestamp: bigint): Promise<ShardGroupInfo>;
}

/** What must hold, by its name. */
export type Checks = Readonly<Record<string, (bench: Bench) => Promise<void>>>;
