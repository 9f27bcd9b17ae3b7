import { highest } from '../../bigint-order.js';
import { CfluxError, isCfluxError } from '../../errors.js';
import { isJsonObject } from '../../json-object.js';
import type { MetaData } from '../../meta/records.js';
import type { InfluxConnection } from '../connect/influx-connection.js';
import type { Series, StatementResult } from '../connect/influx-results.js';
import type { Json } from '../connect/lossless-json.js';
import { isRefusal, statementError } from '../connect/statement-error.js';
import type { Reading } from './metadata-reader.js';
import { failureOf, readApart } from './read-apart.js';
import { processIn } from './server-process.js';
import { shardsIn } from './shards-in.js';

/** Shards by text keys of id, database and retention policy, because the same id elsewhere is another shard. */
export type Shards = ReadonlySet<string>;

/** The shards of a server, by its disk and its metadata. */
export interface ShardsFound {
  /** Shards on disk that are not in the metadata. */
  readonly unknown: Shards;
  /** The highest id of a shard on disk or in the metadata. */
  readonly highest: bigint;
  /** Whether a shard is in the metadata. */
  readonly hasKnown: boolean;
  /** Name of the server's process, if it shows it; not read with the snapshot port. */
  readonly process: string | undefined;
}

/**
 * Resolves with the shards of a server; `undefined` if it does not show them. The disk is read first: a shard is added to the metadata
 * before it is on disk, and removed from the metadata after it left the disk, so a shard found once may only have been dropped in between.
 */
export async function findShards(
  connection: InfluxConnection,
  { metadata, source }: Reading,
  signal?: AbortSignal,
): Promise<ShardsFound | undefined> {
  const answers = await readShards(connection, source, signal);
  if (answers === undefined) return undefined;
  const { stats, shards, process } = answers;
  const onDisk = shardsInStats(stats.series);
  const shown = new Set(shardsShown(shards.series));
  const isDeleted = source === 'snapshot' ? deletedIn(metadata) : presumedDeleted(metadata, shown);
  return {
    unknown: new Set([...onDisk].filter((key) => !shown.has(key) && !isDeleted(key))),
    highest: highest([...onDisk, ...shown].map((key) => BigInt(partsOf(key)[0]))),
    hasKnown: shown.size > 0,
    process,
  };
}

interface ShardAnswers {
  readonly stats: StatementResult;
  readonly shards: StatementResult;
  readonly process: string | undefined;
}

/** Reads the shards and, if possible, the process in one request, which one process executes. */
async function readShards(
  connection: InfluxConnection,
  source: Reading['source'],
  signal: AbortSignal | undefined,
): Promise<ShardAnswers | undefined> {
  const statements = ["SHOW STATS FOR 'shard'", 'SHOW SHARDS'];
  if (source === 'show') {
    const all = await connection.read([...statements, 'SHOW DIAGNOSTICS'], signal).catch(() => []);
    signal?.throwIfAborted();
    const [stats, shards, diagnostics] = all;
    if (stats && shards && diagnostics && all.every(({ error }) => error === undefined))
      return { stats, shards, process: processIn(diagnostics.series) };
  }
  const [stats, shards] = await readApart(connection, statements, signal).catch((error: unknown) =>
    connection.explain(error),
  );
  // A proxy that does not forward these statements: the check is not possible.
  if (stats === undefined || shards === undefined || isRefusal(stats) || isRefusal(shards)) return undefined;
  if (isCfluxError(stats)) throw failureOf(statements[0], stats);
  if (isCfluxError(shards)) throw failureOf(statements[1], shards);
  return { stats, shards, process: undefined };
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

/** Reads the shards in the server's metadata by SHOW SHARDS, which omits deleted ones. */
export async function shardsInMetadata(
  connection: InfluxConnection,
  signal?: AbortSignal,
): Promise<readonly { readonly id: bigint; readonly database: string; readonly policy: string }[]> {
  const [answer] = await connection.read(['SHOW SHARDS'], signal);
  return [...shardsShown(expectRows(answer))].map((key) => {
    const [id, database, policy] = partsOf(key);
    return { id: BigInt(id), database, policy };
  });
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

const shardsInStats = (series: readonly Series[]) =>
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
function deletedIn(metadata: MetaData): (key: string) => boolean {
  const deleted = new Set<string>();
  for (const { id, database, policy, group } of shardsIn(metadata))
    if (group.deletedAt !== undefined) deleted.add(shardKey(id, database, policy));
  return (key) => deleted.has(key);
}

/** Without the snapshot port: a shard of an existing policy with an id up to the highest id in `shown`. */
function presumedDeleted({ databases }: MetaData, shown: Shards): (key: string) => boolean {
  const policies = new Set(
    databases.flatMap(({ name, retentionPolicies }) =>
      retentionPolicies.map((policy) => JSON.stringify([name, policy.name])),
    ),
  );
  const last = highest(Array.from(shown, (key) => BigInt(partsOf(key)[0])));
  return (key) => {
    const [id, database, policy] = partsOf(key);
    return BigInt(id) <= last && policies.has(JSON.stringify([database, policy]));
  };
}

function idText(value: Json | undefined): string {
  if (isId(String(value))) return String(value);
  throw new CfluxError('BAD_ANSWER', 'unexpected response of InfluxDB: SHOW SHARDS without ids', {
    retryable: true,
  });
}

/** An unsigned integer of 64 bits in digits. */
const isId = (text: string) => /^[0-9]{1,20}$/.test(text);

/** Returns the key of a shard. */
export const shardKey = (id: string | bigint, database: string, policy: string) =>
  JSON.stringify([String(id), database, policy]);

/** Returns the parts of a shard's key. */
export const partsOf = (key: string) => JSON.parse(key) as [id: string, database: string, policy: string];
