import type { MetaData, ShardGroupInfo } from '../../meta/records.js';
import { describeShard, shardKey } from '../read/unknown-shards.js';
import { grouped } from './grouped.js';
import { placeOf } from './place-of.js';
import { about } from './policy-groups.js';
import type { RecoveryFinding } from './recovery-report.js';
import { policyIn } from './recovery-sources.js';
import type { DiskShard } from './shards-on-disk.js';

/**
 * Returns the shards on disk that go into the metadata, by database and policy ({@link placeOf}), and adds a finding for each other one.
 * `own` is older metadata of the server.
 */
export function usableShards(
  onDisk: readonly DiskShard[],
  own: readonly MetaData[],
  findings: RecoveryFinding[],
): ReadonlyMap<string, readonly DiskShard[]> {
  const places = grouped(onDisk.map((shard) => [shard.id, shard]));
  const chosen = [...places.values()].flatMap((shards) => {
    const shard = shards.length === 1 ? shards[0] : decide(shards, own, findings);
    return shard !== undefined && isUsable(shard, own, findings) ? [shard] : [];
  });
  return grouped(chosen.map((shard) => [placeOf(shard.database, shard.policy), shard]));
}

/** Returns the one of several directories with the same id that older metadata knows. */
function decide(
  shards: readonly DiskShard[],
  own: readonly MetaData[],
  findings: RecoveryFinding[],
): DiskShard | undefined {
  const known = shards.filter((shard) => knownGroups(shard, own).length > 0);
  const [right] = known.length === 1 ? known : [];
  for (const shard of shards) {
    if (shard === right) continue;
    const others = shards
      .filter((other) => other !== shard)
      .map(({ id, database, policy }) => describeShard(shardKey(id, database, policy)))
      .join(', ');
    const text = `has the id of ${others}, and a server has each id once: it is left out; move its directories away`;
    findings.push(
      about(shard, 'contradiction', text),
      about(shard, 'leftOut', 'is on disk and not in the metadata'),
    );
  }
  return right;
}

function isUsable(shard: DiskShard, own: readonly MetaData[], findings: RecoveryFinding[]): boolean {
  if (shard.isOnlyInWal) {
    const text =
      'has a write-ahead log and no directory below the data: InfluxDB reads it when something is written to the shard';
    findings.push(about(shard, 'note', text));
  }
  if (!shard.isUnreadable || knownGroups(shard, own).length > 0) return true;
  const text =
    'has no file that can be read, so its time span is unknown: it is left out; restore its files, or move its directories away';
  findings.push(about(shard, 'leftOut', text));
  return false;
}

const knownGroups = (
  { id, database, policy }: DiskShard,
  own: readonly MetaData[],
): readonly ShardGroupInfo[] =>
  own.flatMap((data) =>
    (policyIn(data, database, policy)?.shardGroups ?? []).filter(({ shards }) =>
      shards.some((shard) => shard.id === id),
    ),
  );
