import type { MetaData } from 'clusterflux';

/** The same metadata in new records throughout, copied as an operation copies what it changes. */
export function touched(data: MetaData): MetaData {
  return {
    ...data,
    databases: data.databases.map((database) => ({
      ...database,
      retentionPolicies: database.retentionPolicies.map((policy) => ({
        ...policy,
        shardGroups: policy.shardGroups.map((group) => ({
          ...group,
          shards: group.shards.map((shard) => ({
            ...shard,
            owners: shard.owners.map((owner) => ({ ...owner })),
          })),
        })),
        subscriptions: policy.subscriptions.map((subscription) => ({ ...subscription })),
      })),
      continuousQueries: database.continuousQueries.map((query) => ({ ...query })),
    })),
    users: data.users.map((user) => ({ ...user })),
  };
}
