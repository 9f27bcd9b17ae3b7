import { formatDuration } from './durations.js';
import {
  type DatabaseInfo,
  type MetaData,
  Privilege,
  type RetentionPolicyInfo,
  type ShardGroupInfo,
  type UserInfo,
} from './records.js';

/** Metadata for display: named items with properties and parts. */
export interface MetadataTree {
  /** Kind and name: unique among the siblings. */
  readonly label: string;
  /** Property names with their values. */
  readonly properties: ReadonlyMap<string, string>;
  readonly parts: readonly MetadataTree[];
  /** Values that are compared but never shown: password hashes. */
  readonly secrets?: ReadonlyMap<string, string>;
}

/** Returns the tree of metadata, without the counters that each store keeps for itself (term, index). */
export function metadataTree(data: MetaData): MetadataTree {
  return tree(
    'metadata',
    {
      'cluster id': String(data.clusterId),
      'last shard group id': String(data.maxShardGroupId),
      'last shard id': String(data.maxShardId),
    },
    [...data.databases.map(databaseTree), ...data.users.map(userTree)],
  );
}

function databaseTree(database: DatabaseInfo): MetadataTree {
  return tree(
    `database ${quoted(database.name)}`,
    {
      'default policy':
        database.defaultRetentionPolicy === '' ? 'none' : quoted(database.defaultRetentionPolicy),
    },
    [
      ...database.retentionPolicies.map(policyTree),
      ...database.continuousQueries.map(({ name, query }) =>
        tree(`continuous query ${quoted(name)}`, { query }),
      ),
    ],
  );
}

function policyTree(policy: RetentionPolicyInfo): MetadataTree {
  return tree(
    `retention policy ${quoted(policy.name)}`,
    {
      duration: policy.duration === 0n ? 'for ever' : formatDuration(policy.duration),
      'shard duration': formatDuration(policy.shardGroupDuration),
      replicas: String(policy.replicaN),
      ...limit('future limit', policy.futureWriteLimit),
      ...limit('past limit', policy.pastWriteLimit),
    },
    [
      ...policy.subscriptions.map(({ name, mode, destinations }) =>
        tree(`subscription ${quoted(name)}`, { mode, destinations: destinations.join(', ') }),
      ),
      ...policy.shardGroups.map(shardGroupTree),
    ],
  );
}

/** A limit that the metadata does not state is omitted, because it differs from a stated 0, which is no limit. */
const limit = (name: string, value: bigint | undefined) =>
  value === undefined ? {} : { [name]: value === 0n ? 'none' : formatDuration(value) };

function shardGroupTree(group: ShardGroupInfo): MetadataTree {
  const shards = group.shards.map(({ id, owners }) => {
    const nodes = owners.map(({ nodeId }) => nodeId).join(', ');
    return nodes === '' ? String(id) : `${id} (on ${nodes})`;
  });
  return tree(`shard group ${group.id}`, {
    from: instant(group.startTime),
    to: instant(group.endTime),
    shards: shards.join(', '),
    ...(group.deletedAt === undefined ? {} : { deleted: instant(group.deletedAt) }),
    ...(group.truncatedAt === undefined ? {} : { truncated: instant(group.truncatedAt) }),
  });
}

function userTree({ name, hash, admin, privileges }: UserInfo): MetadataTree {
  const granted = [...privileges].map(([database, privilege]) => [
    `on ${quoted(database)}`,
    privilegeNames.get(privilege) ?? String(privilege),
  ]);
  return {
    ...tree(`user ${quoted(name)}`, { admin: admin ? 'yes' : 'no', ...Object.fromEntries(granted) }),
    secrets: new Map([['password', hash]]),
  };
}

const privilegeNames: ReadonlyMap<number, string> = new Map([
  [Privilege.None, 'nothing'],
  [Privilege.Read, 'read'],
  [Privilege.Write, 'write'],
  [Privilege.All, 'all'],
]);

function tree(
  label: string,
  properties: Readonly<Record<string, string>>,
  parts: readonly MetadataTree[] = [],
): MetadataTree {
  return { label, properties: new Map(Object.entries(properties)), parts };
}

const quoted = (name: string) => JSON.stringify(name);

/** Formats nanoseconds since 1970 as a date; as a number if they are outside the range of a date. */
function instant(nanoseconds: bigint): string {
  const milliseconds = Number(nanoseconds / 1_000_000n);
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? `${nanoseconds} ns` : date.toISOString().replace('.000Z', 'Z');
}
