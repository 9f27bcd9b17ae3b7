import { CfluxError } from '../errors.js';
import { isJsonObject } from '../json-object.js';
import type { MetaData } from '../meta/records.js';
import { type InfluxConnection, isRefusal } from './influx-connection.js';
import type { Series, StatementResult } from './influx-results.js';
import type { Json } from './lossless-json.js';
import type { Reading } from './metadata-reader.js';
import { statementError } from './statement-error.js';

/** Shards by text keys of id, database and retention policy, because the same id elsewhere is another shard. */
export type Shards = ReadonlySet<string>;

/**
 * Returns shards on disk that are not in the server's metadata. The disk is read first: a shard is added to the metadata before it is
 * on disk, and removed from the metadata after it left the disk, so a shard found once may only have been dropped in between.
 */
export async function shardsUnknown(
  connection: InfluxConnection,
  { metadata, source }: Reading,
  signal?: AbortSignal,
): Promise<Shards> {
  const statements = ["SHOW STATS FOR 'shard'", 'SHOW SHARDS'];
  const [stats, answer] = await connection.read(statements, signal).catch((error: unknown) => {
    // A proxy that does not forward these statements: the check is not possible.
    if (isRefusal(error)) return [];
    return connection.explain(error);
  });
  const onDisk = shardsIn(expectRows(stats));
  if (onDisk.size === 0) return onDisk;
  const shown = new Set(shardsShown(expectRows(answer)));
  const isDeleted = source === 'snapshot' ? deletedIn(metadata) : presumedDeleted(metadata, shown);
  return new Set([...onDisk].filter((key) => !shown.has(key) && !isDeleted(key)));
}

/**
 * Reads the shards on disk from the statistics of a server that executes no statement before it has a user; `undefined` if they
 * cannot be read.
 */
export async function shardsOnDisk(
  connection: InfluxConnection,
  signal?: AbortSignal,
): Promise<Shards | undefined> {
  const variables = await connection.variables(signal);
  if (!isJsonObject(variables)) return undefined;
  const entries: unknown[] = Object.values(variables);
  return new Set(
    entries.flatMap((entry) =>
      isJsonObject(entry) && entry['name'] === 'shard' ? keyOf(entry['tags']) : [],
    ),
  );
}

/** Describes a shard as text. */
export function describeShard(key: string): string {
  const [id, database, policy] = partsOf(key);
  return `shard ${id} of ${JSON.stringify(database)}.${JSON.stringify(policy)}`;
}

function expectRows(answer: StatementResult | undefined): readonly Series[] {
  if (answer?.error !== undefined) throw statementError(answer.error);
  return answer?.series ?? [];
}

const shardsIn = (series: readonly Series[]) =>
  new Set(series.flatMap(({ name, tags }) => (name === 'shard' ? keyOf(tags) : [])));

/** Returns the key of a shard from the tags of its statistics; the id is a string of digits. */
function keyOf(tags: unknown): string[] {
  const { id, database, retentionPolicy } = Object(tags) as Record<string, unknown>;
  const isShard = typeof database === 'string' && typeof retentionPolicy === 'string' && isId(String(id));
  return isShard ? [shardKey(String(id), database, retentionPolicy)] : [];
}

function* shardsShown(series: readonly Series[]): Generator<string> {
  for (const { columns, values } of series) {
    const [id, database, policy] = ['id', 'database', 'retention_policy'].map((name) =>
      columns.indexOf(name),
    );
    for (const row of values)
      yield shardKey(idText(row[id ?? -1]), String(row[database ?? -1]), String(row[policy ?? -1]));
  }
}

/** SHOW SHARDS omits deleted groups, whose shards stay on disk until the retention service removes them. */
function deletedIn({ databases }: MetaData): (key: string) => boolean {
  const deleted = new Set<string>();
  for (const { name, retentionPolicies } of databases) {
    for (const policy of retentionPolicies) {
      for (const { deletedAt, shards } of policy.shardGroups) {
        if (deletedAt === undefined) continue;
        for (const { id } of shards) deleted.add(shardKey(String(id), name, policy.name));
      }
    }
  }
  return (key) => deleted.has(key);
}

/** Without the snapshot port: a shard of an existing policy with an id up to the highest id in `shown`. */
function presumedDeleted({ databases }: MetaData, shown: Shards): (key: string) => boolean {
  const policies = new Set(
    databases.flatMap(({ name, retentionPolicies }) =>
      retentionPolicies.map((policy) => JSON.stringify([name, policy.name])),
    ),
  );
  let last = 0n;
  for (const key of shown) last = max(last, BigInt(partsOf(key)[0]));
  return (key) => {
    const [id, database, policy] = partsOf(key);
    return BigInt(id) <= last && policies.has(JSON.stringify([database, policy]));
  };
}

const max = (one: bigint, other: bigint) => (one > other ? one : other);

function idText(value: Json | undefined): string {
  if (isId(String(value))) return String(value);
  throw new CfluxError('BAD_ANSWER', 'unexpected response of InfluxDB: SHOW SHARDS without ids', {
    retryable: true,
  });
}

/** An unsigned integer of 64 bits in digits. */
const isId = (text: string) => /^[0-9]{1,20}$/.test(text);

const shardKey = (id: string, database: string, policy: string) => JSON.stringify([id, database, policy]);

const partsOf = (key: string) => JSON.parse(key) as [id: string, database: string, policy: string];
