import { createHash } from 'node:crypto';
import { CfluxError } from '../errors.js';
import type { ServerIdentity } from './ledger.js';
import { describeShard } from './shards-on-disk.js';

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

/** Creates the error with the evidence and what to do. */
export function lossError(loss: Loss): CfluxError {
  const { server, shards, indexes, isWithoutUsers } = loss;
  const found = [
    ...(indexes === undefined ? [] : [`its metadata is at index ${indexes.has} and was at ${indexes.had}`]),
    ...(isWithoutUsers ? ['the users that it had are gone'] : []),
    ...(shards.length === 0 ? [] : [`its metadata does not have ${shardList(shards)}, which is on disk`]),
  ];
  return new CfluxError(
    'METADATA_LOST',
    `InfluxDB at ${server.url} has lost metadata: ${found.join('; ')}; nothing is created there: restore its meta.db and start it again, or recreate the cluster's schema with --rebuild ${lossId(loss)}`,
    { retryable: true },
  );
}

function shardList(shards: readonly string[]): string {
  const named = shards.slice(0, shownShards).map(describeShard).join(', ');
  const more = shards.length - shownShards;
  return more > 0 ? `${named} and ${more} more` : named;
}
