import type { DatabaseInfo, MetaData, RetentionPolicyInfo } from '../../meta/records.js';
import { internalDatabase } from '../statements/item.js';
import { monitor } from './monitor-policy.js';
import type { Recovery } from './recovery.js';
import { databaseIn, earlierDatabase } from './recovery-sources.js';

const autogen = 'autogen';

/** Returns the databases of older metadata and those on disk, with the policies that are on disk. */
export function rebuildDatabases(base: MetaData, recovery: Recovery): readonly DatabaseInfo[] {
  const { disk, dropped } = recovery;
  const known = new Map(base.databases.map((database) => [database.name, database]));
  for (const [database, policies] of disk.policies) {
    // InfluxDB creates a policy's directory with its first shard, so this one is not a database of it.
    if (policies.size === 0) continue;
    if (dropped.isLeftOut({ kind: 'database', database })) continue;
    const kept = [...policies].filter(
      (policy) => !dropped.isLeftOut({ kind: 'retentionPolicy', database, policy }),
    );
    known.set(database, withPolicies(database, known.get(database), kept, recovery));
  }
  return [...known.values()];
}

/** Returns a database with the policies that are on disk. */
function withPolicies(
  name: string,
  known: DatabaseInfo | undefined,
  policies: readonly string[],
  recovery: Recovery,
): DatabaseInfo {
  const { sources } = recovery;
  const inCluster = name === internalDatabase ? undefined : databaseIn(sources.cluster, name);
  const earlier = earlierDatabase(sources, name);
  const database = known ??
    earlier ?? {
      name,
      defaultRetentionPolicy: inCluster === undefined ? guessDefault(name, policies, recovery) : '',
      retentionPolicies: [],
      continuousQueries: [],
    };
  const missing = policies.filter(
    (policy) => !database.retentionPolicies.some((each) => each.name === policy),
  );
  const added = missing.map((policy): RetentionPolicyInfo => {
    const before = earlier?.retentionPolicies.find((each) => each.name === policy);
    if (before !== undefined) return before;
    const values =
      name === internalDatabase && policy === monitor.name
        ? monitor
        : { name: policy, replicaN: 1, duration: 0n, shardGroupDuration: 0n };
    return { ...values, shardGroups: [], subscriptions: [] };
  });
  return { ...database, retentionPolicies: [...database.retentionPolicies, ...added] };
}

function guessDefault(database: string, policies: readonly string[], recovery: Recovery): string {
  if (database === internalDatabase) return monitor.name;
  if (policies.length === 0) return '';
  const chosen = policies.includes(autogen) ? autogen : (newestPolicy(database, policies, recovery) ?? '');
  const why =
    chosen === autogen
      ? 'the name that InfluxDB gives to the first policy'
      : policies.length === 1
        ? 'its only policy'
        : 'its policy with the newest points';
  recovery.findings.push({
    kind: 'guessed',
    message: `the default retention policy of ${JSON.stringify(database)} is unknown: ${JSON.stringify(chosen)} is taken, ${why}`,
    database,
    policy: chosen,
  });
  return chosen;
}

function newestPolicy(database: string, policies: readonly string[], { disk }: Recovery): string | undefined {
  let newest: { readonly policy: string; readonly last: bigint } | undefined;
  for (const { database: its, policy, range } of disk.shards) {
    if (its !== database || range === undefined || !policies.includes(policy)) continue;
    if (newest === undefined || range.last > newest.last) newest = { policy, last: range.last };
  }
  return newest?.policy ?? policies[0];
}
