import { readdirSync, readFileSync } from 'node:fs';
import type { MetaData } from 'clusterflux';

const folder = new URL('../../fixtures/meta/', import.meta.url);

/** The description of a file, beside it. */
interface Description {
  readonly sha256: string;
  readonly passwords?: Readonly<Record<string, string>>;
  /** The whole content by InfluxDB's own field names; integers are decimal strings. */
  readonly decoded: unknown;
}

export interface InfluxdbFile {
  readonly name: string;
  readonly bytes: Buffer;
  readonly description: Description;
}

/** Metadata files that InfluxDB 1.6.7 wrote; `….input.db`: that it was given. */
export function influxdbFiles(): InfluxdbFile[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.db'));
  return names.map((name) => ({
    name,
    bytes: readFileSync(new URL(name, folder)),
    description: JSON.parse(readFileSync(new URL(name.replace(/db$/, 'json'), folder), 'utf8')),
  }));
}

export function influxdbFile(name: string): InfluxdbFile {
  const file = influxdbFiles().find((candidate) => candidate.name === name);
  if (file === undefined) throw new Error(`no such file: ${name}`);
  return file;
}

/** `data` by InfluxDB's own field names, as the descriptions have it. */
export function described(data: MetaData): unknown {
  return {
    Term: String(data.term),
    Index: String(data.index),
    ClusterID: String(data.clusterId),
    MaxNodeID: String(data.maxNodeId),
    MaxShardGroupID: String(data.maxShardGroupId),
    MaxShardID: String(data.maxShardId),
    Databases: data.databases.map((database) => ({
      Name: database.name,
      DefaultRetentionPolicy: database.defaultRetentionPolicy,
      RetentionPolicies: database.retentionPolicies.map((policy) => ({
        Name: policy.name,
        Duration: String(policy.duration),
        ShardGroupDuration: String(policy.shardGroupDuration),
        ReplicaN: String(policy.replicaN),
        ShardGroups: policy.shardGroups.map((group) => ({
          ID: String(group.id),
          StartTime: String(group.startTime),
          EndTime: String(group.endTime),
          DeletedAt: String(group.deletedAt ?? 0n),
          ...(group.truncatedAt !== undefined && { TruncatedAt: String(group.truncatedAt) }),
          Shards: group.shards.map((shard) => ({
            ID: String(shard.id),
            Owners: shard.owners.map((owner) => ({ NodeID: String(owner.nodeId) })),
          })),
        })),
        Subscriptions: policy.subscriptions.map(({ name, mode, destinations }) => ({
          Name: name,
          Mode: mode,
          Destinations: destinations,
        })),
      })),
      ContinuousQueries: database.continuousQueries.map(({ name, query }) => ({ Name: name, Query: query })),
    })),
    Users: data.users.map((user) => ({
      Name: user.name,
      Hash: user.hash,
      Admin: user.admin,
      Privileges: [...user.privileges]
        .map(([Database, privilege]) => ({ Database, Privilege: String(privilege) }))
        .sort((a, b) => (a.Database < b.Database ? -1 : 1)),
    })),
  };
}

/**
 * A description as {@link described} puts it: owners by the rule that OwnerIDs, where there are any, come before Owners; and
 * without the nodes of old, which are unknown fields here.
 */
export function normalized(description: unknown): unknown {
  return JSON.parse(JSON.stringify(description), (name, value) => {
    if (/^(Data|Meta)?Nodes$/.test(name)) return undefined;
    if (value?.OwnerIDs === undefined) return value;
    const { OwnerIDs, Owners, ...shard } = value;
    return {
      ...shard,
      Owners: OwnerIDs.length > 0 ? OwnerIDs.map((NodeID: string) => ({ NodeID })) : Owners,
    };
  });
}
