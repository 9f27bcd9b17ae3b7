import bcrypt from 'bcrypt';
import type {
  ContinuousQueryInfo,
  DatabaseInfo,
  MetaData,
  RetentionPolicyInfo,
  SubscriptionInfo,
  UserInfo,
} from '../../../src/meta/records.js';

export const hour = 3_600_000_000_000n;
export const day = 24n * hour;

/** Metadata of a cluster with these databases and users. */
export function metadata(parts: Partial<MetaData> = {}): MetaData {
  return {
    term: 0n,
    index: 1n,
    clusterId: 99n,
    databases: [],
    users: [],
    maxNodeId: 0n,
    maxShardGroupId: 0n,
    maxShardId: 0n,
    ...parts,
  };
}

export function policy(name: string, parts: Partial<RetentionPolicyInfo> = {}): RetentionPolicyInfo {
  const duration = parts.duration ?? 0n;
  const shardGroupDuration = duration === 0n ? 7n * day : duration >= 2n * day ? day : hour;
  return { name, replicaN: 1, duration, shardGroupDuration, shardGroups: [], subscriptions: [], ...parts };
}

/** A database whose default is its first policy, `autogen` if none are given. */
export function database(
  name: string,
  policies: readonly RetentionPolicyInfo[] = [policy('autogen')],
  parts: Partial<DatabaseInfo> = {},
): DatabaseInfo {
  const defaultRetentionPolicy = policies[0]?.name ?? '';
  return { name, defaultRetentionPolicy, retentionPolicies: policies, continuousQueries: [], ...parts };
}

export function subscription(
  name: string,
  mode = 'ALL',
  destinations: readonly string[] = ['udp://127.0.0.1:9'],
): SubscriptionInfo {
  return { name, mode, destinations };
}

export function query(name: string, text: string): ContinuousQueryInfo {
  return { name, query: text };
}

/** A user whose password is its name, hashed cheaply, unless a hash is given. */
export function user(name: string, parts: Partial<UserInfo> & { readonly password?: string } = {}): UserInfo {
  const { password = name, ...rest } = parts;
  return { name, hash: bcrypt.hashSync(password, 4), admin: false, privileges: new Map(), ...rest };
}
