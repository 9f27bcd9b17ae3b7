import { timeText } from '../influxdb/recover/policy-groups.js';
import type { RecoveryReport } from '../influxdb/recover/recover-server.js';
import type { PolicySource, RecoveredPolicy, RecoveryFinding } from '../influxdb/recover/recovery-report.js';
import { formatDuration } from '../meta/durations.js';
import { printable } from '../printable.js';
import { tableLines } from './table.js';

/** Titles of the findings, the most important first. */
const titles: Readonly<Record<RecoveryFinding['kind'], string>> = {
  leftOut: 'on disk and left out of meta.db',
  dropped: 'dropped by the cluster',
  contradiction: 'contradictions',
  overlap: 'overlapping shard groups',
  guessed: 'guessed',
  damaged: 'skipped, entirely or in part',
  note: 'notes',
};

const sources: Readonly<Record<PolicySource, string>> = {
  cluster: 'cluster',
  earlier: 'cluster, earlier version',
  from: '--from',
  present: 'previous meta.db',
  internal: 'as InfluxDB creates it',
  inferred: 'guessed',
};

/** Formats the result of a recovery as text. */
export function recoveryText(report: RecoveryReport): string[] {
  const { policies, findings, metadata } = report;
  const rows = policies
    .filter(({ shards }) => shards > 0)
    .map((policy) => [
      `${JSON.stringify(policy.database)}.${JSON.stringify(policy.policy)}`,
      policy.shards,
      policy.firstTime === undefined ? '' : timeText(policy.firstTime),
      policy.lastTime === undefined ? '' : timeText(policy.lastTime),
      groupsText(policy),
      sources[policy.source],
    ]);
  const sections = Object.entries(titles).flatMap(([kind, title]) => {
    const lines = findings.filter((finding) => finding.kind === kind);
    if (lines.length === 0) return [];
    return ['', `${lines.length} ${title}:`, ...lines.map(({ message }) => `  ${printable(message)}`)];
  });
  return [
    ...tableLines(['POLICY', 'SHARDS', 'FIRST POINT', 'LAST POINT', 'SHARD GROUPS', 'VALUES FROM'], rows),
    ...sections,
    '',
    `${metadata.databases.length} databases, ${metadata.users.length} users, index ${metadata.index}, cluster id ${metadata.clusterId}; new shards begin at ${metadata.maxShardId + 1n}`,
    outcome(report),
  ];
}

function outcome({ path, before, backup, isWritten }: RecoveryReport): string {
  if (!isWritten) return 'Dry run: nothing was changed.';
  const was = backup === undefined ? '' : `; the previous file, ${states[before]}, is ${backup}`;
  return `wrote ${path}${was}`;
}

const states = { absent: 'absent', empty: 'empty', damaged: 'damaged', whole: 'replaced' } as const;

const groupsText = ({ groups }: RecoveredPolicy): string =>
  groups
    .map(({ count, duration, found }) => {
      const length = duration === 0n ? 'of its points' : formatDuration(duration);
      return `${count} × ${length}${found === 'inferred' ? ' (inferred)' : ''}`;
    })
    .join(', ');

/** Returns the result of a recovery as JSON, without password hashes. */
export function recoveryJson(report: RecoveryReport): object {
  const { path, before, backup, isWritten, policies, findings, metadata, running, unchecked } = report;
  const { clusterId, index, maxShardId, maxShardGroupId, databases, users } = metadata;
  return {
    path,
    before,
    written: isWritten,
    ...(backup === undefined ? {} : { backup }),
    clusterId,
    index,
    maxShardId,
    maxShardGroupId,
    databases: databases.map(({ name }) => name),
    users: users.map(({ name }) => name),
    policies,
    findings,
    running,
    unchecked,
  };
}
