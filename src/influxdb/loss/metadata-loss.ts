import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { CfluxError } from '../../errors.js';
import { shellQuoted } from '../../shell-quoted.js';
import type { ServerIdentity } from '../ledger/ledger.js';
import type { ServerDirectories } from '../read/server-directories.js';
import { describeShard } from '../read/unknown-shards.js';

/** The evidence that a server lost metadata. */
export interface Loss {
  readonly server: ServerIdentity;
  /** Keys of shards on disk that are not in its metadata. */
  readonly shards: readonly string[];
  /** Commit indexes of the same metadata, if the index decreased. */
  readonly indexes: { readonly had: bigint; readonly has: bigint | undefined } | undefined;
  /** Whether its users are gone, so that nothing else can be read. */
  readonly isWithoutUsers: boolean;
  /** How many losses the operator permitted before. */
  readonly rebuilds: number;
}

/** Maximum number of shards in a message. */
const shownShards = 3;

/**
 * Returns the id of a loss. It includes the number of permissions, so that an id is never valid twice, but nothing that other
 * programs change on the server meanwhile.
 */
export function lossId({ server, shards, indexes, rebuilds }: Loss): string {
  const found = server.clusterId === undefined ? [...shards].sort() : String(server.clusterId);
  const text = JSON.stringify([found, indexes === undefined ? null : String(indexes.had), rebuilds]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** What is known of a server for the commands that repair it. */
export interface RepairContext {
  readonly directories: ServerDirectories | undefined;
  readonly url: string;
  /** `host:port` of its snapshot port. */
  readonly snapshot: string | undefined;
  /** Directory of the agent. */
  readonly dir: string | undefined;
  /** Flags that name the cluster and its manager. */
  readonly commandFlags: readonly string[];
}

/** Returns a command for a stopped server, with its paths and addresses as far as they are known. */
function repairCommand(
  name: 'recover' | 'provision',
  { directories, url, snapshot, dir, commandFlags }: RepairContext,
): string {
  const paths = directories ?? { data: 'DIR', wal: 'DIR', meta: 'DIR' };
  const words = [
    ...['cflux', name, '--data', paths.data, '--wal', paths.wal, '--meta', paths.meta],
    ...(dir === undefined ? [] : ['--agent', resolve(dir)]),
    ...(url === usualUrl ? [] : ['--influxdb', url]),
    ...(snapshot === undefined || snapshot === usualSnapshot ? [] : ['--snapshot', snapshot]),
    ...commandFlags,
  ];
  return `\`${words.map(shellQuoted).join(' ')}\``;
}

/** The addresses that the commands use by default. */
const usualUrl = 'http://127.0.0.1:8086';
const usualSnapshot = '127.0.0.1:8088';

/** Creates the error with the evidence and what to do. */
export function lossError(loss: Loss, context: RepairContext): CfluxError {
  const { server, shards, indexes, isWithoutUsers } = loss;
  const found = [
    ...(indexes === undefined ? [] : [`its metadata is at index ${indexes.has} and was at ${indexes.had}`]),
    ...(isWithoutUsers ? ['the users that it had are gone'] : []),
    ...(shards.length === 0 ? [] : [`its metadata does not have ${shardList(shards)}, which is on disk`]),
  ];
  const commands = [
    repairCommand('recover', context),
    // It keeps the older metadata, so no shard on disk may be unknown to that.
    ...(shards.length === 0 ? [repairCommand('provision', context)] : []),
  ];
  return new CfluxError(
    'METADATA_LOST',
    `InfluxDB at ${server.url} has lost metadata: ${found.join('; ')}; nothing is created there: stop InfluxDB, restore its meta.db or rebuild it with ${commands.join(' or ')}, and start it again; or recreate the cluster's schema with --rebuild ${lossId(loss)}`,
    { retryable: true },
  );
}

/** Names the first shards of a list of keys. */
export function shardList(shards: readonly string[]): string {
  const named = shards.slice(0, shownShards).map(describeShard).join(', ');
  const more = shards.length - shownShards;
  return more > 0 ? `${named} and ${more} more` : named;
}
