import type { SelectStatement } from './select.js';

/** The three levels of a grant on a database. */
export type GrantLevel = 'READ' | 'WRITE' | 'ALL PRIVILEGES';

/** Options of CREATE DATABASE … WITH; durations in nanoseconds, 0 means infinite (for shard groups: InfluxDB chooses). */
export interface DatabaseOptions {
  readonly duration?: bigint;
  readonly replication?: number;
  readonly shardDuration?: bigint;
  readonly futureLimit?: bigint;
  readonly pastLimit?: bigint;
  /** Name of the policy; `''` means no name. */
  readonly policy?: string;
}

/** Values of a retention policy, in nanoseconds. */
export interface PolicyOptions {
  readonly duration?: bigint;
  readonly replication?: number;
  readonly shardDuration?: bigint;
  readonly futureLimit?: bigint;
  readonly pastLimit?: bigint;
  readonly makeDefault: boolean;
}

/** A continuous query; RESAMPLE times in nanoseconds, 0 if not given. */
export interface ContinuousQueryStatement {
  readonly kind: 'createContinuousQuery';
  readonly name: string;
  readonly database: string;
  readonly every: bigint;
  readonly for: bigint;
  readonly select: SelectStatement;
}

/** A statement that changes the cluster. */
export type ClusterStatement =
  | { readonly kind: 'createDatabase'; readonly name: string; readonly options?: DatabaseOptions }
  | { readonly kind: 'dropDatabase'; readonly name: string }
  | {
      readonly kind: 'createRetentionPolicy' | 'alterRetentionPolicy';
      readonly name: string;
      readonly database: string;
      readonly options: PolicyOptions;
    }
  | { readonly kind: 'dropRetentionPolicy'; readonly name: string; readonly database: string }
  | ContinuousQueryStatement
  | { readonly kind: 'dropContinuousQuery'; readonly name: string; readonly database: string }
  | {
      readonly kind: 'createSubscription';
      readonly name: string;
      readonly database: string;
      readonly policy: string;
      readonly mode: 'ALL' | 'ANY';
      readonly destinations: readonly string[];
    }
  | {
      readonly kind: 'dropSubscription';
      readonly name: string;
      readonly database: string;
      readonly policy: string;
    }
  | {
      readonly kind: 'createUser';
      readonly name: string;
      readonly password: string;
      readonly admin: boolean;
    }
  | { readonly kind: 'setPassword'; readonly name: string; readonly password: string }
  | { readonly kind: 'dropUser'; readonly name: string }
  | {
      readonly kind: 'grant' | 'revoke';
      readonly level: GrantLevel;
      readonly database: string;
      readonly user: string;
    }
  | { readonly kind: 'grantAdmin' | 'revokeAdmin'; readonly user: string };

/** A statement that reads metadata. */
export type MetadataRead =
  | {
      readonly kind:
        | 'showDatabases'
        | 'showUsers'
        | 'showContinuousQueries'
        | 'showSubscriptions'
        | 'showShards'
        | 'showShardGroups';
    }
  | { readonly kind: 'showRetentionPolicies'; readonly database?: string }
  | { readonly kind: 'showGrants'; readonly user: string };

/** A statement that an InfluxDB server must execute: it reads or changes points, or concerns only that server. */
export interface ServerStatement {
  readonly kind: 'server';
  /** Its first words: `SELECT`, `DELETE`, `SHOW MEASUREMENTS`, … */
  readonly command: string;
}

/** Any statement: for the cluster, or for a server. */
export type Statement = ClusterStatement | MetadataRead | ServerStatement;

/** A statement and its place in its text. */
export interface PlacedStatement {
  readonly statement: Statement;
  /** Offset (UTF-16) of its first character. */
  readonly start: number;
  /** Offset after the statement: of the semicolon, or of the end. */
  readonly end: number;
}
