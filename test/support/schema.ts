import type { MetaData } from '../../src/meta/records.js';

/**
 * What a mirror keeps in step, in a form that vitest compares and prints well: no shard groups, ids, counters or hashes, no
 * `_internal`; an entry without privileges and none are the same, and so are a write limit of 0 and none.
 */
export function schemaOf(data: MetaData) {
  return {
    databases: data.databases
      .filter(({ name }) => name !== '_internal')
      .map(({ name, defaultRetentionPolicy, retentionPolicies, continuousQueries }) => ({
        name,
        defaultRetentionPolicy,
        retentionPolicies: retentionPolicies.map(({ shardGroups: _groups, subscriptions, ...policy }) => ({
          name: policy.name,
          replicaN: policy.replicaN,
          duration: policy.duration,
          shardGroupDuration: policy.shardGroupDuration,
          ...(policy.futureWriteLimit ? { futureWriteLimit: policy.futureWriteLimit } : {}),
          ...(policy.pastWriteLimit ? { pastWriteLimit: policy.pastWriteLimit } : {}),
          subscriptions: subscriptions.map(({ name, mode, destinations }) => ({ name, mode, destinations })),
        })),
        continuousQueries: continuousQueries.map(({ name, query }) => ({ name, query })),
      })),
    users: data.users.map(({ name, admin, privileges }) => ({
      name,
      admin,
      privileges: Object.fromEntries([...privileges].filter(([, privilege]) => privilege !== 0).sort()),
    })),
  };
}
