import { createHash } from 'node:crypto';
import { CfluxError } from '../errors.js';
import type { ServerIdentity } from './ledger.js';
import { describeShard } from './shards-on-disk.js';

/** How a server shows that it lost metadata. */
export interface Loss {
  readonly server: ServerIdentity;
  /** Keys of shards on disk that its metadata does not have. */
  readonly shards: readonly string[];
  /** Commits of the same metadata, counted by the server: fewer than there were. */
  readonly indexes: { readonly had: bigint; readonly has: bigint | undefined } | undefined;
  /** Whether users that it had are gone, so that nothing more can be read. */
  readonly isWithoutUsers: boolean;
  /** How many losses the operator permitted before. */
  readonly rebuilds: number;
}

/** So many shards are named in a message. */
const shownShards = 3;

/**
 * Names the server as it was found. The number of permissions is part of it, so an id is never valid twice; whatever other
 * programs change on the server meanwhile is not.
 */
export function lossId({ server, shards, indexes, rebuilds }: Loss): string {
  const found = server.clusterId === undefined ? [...shards].sort() : String(server.clusterId);
  const text = JSON.stringify([found, indexes === undefined ? null : String(indexes.had), rebuilds]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** The error that tells the operator what was found and what to do. */
export function lossError(loss: Loss): CfluxError {
  const { server, shards, indexes, isWithoutUsers } = loss;
  const found = [
    ...(indexes === undefined ? [] : [`its metadata is at index ${indexes.has} and was at ${indexes.had}`]),
    ...(isWithoutUsers ? ['the users that it had are gone'] : []),
    ...(shards.length === 0 ? [] : [`its metadata does not have ${shardList(shards)}, which is on disk`]),
  ];
  return new CfluxError(
    'METADATA_LOST',
    `InfluxDB at ${server.url} has lost metadata: ${found.join('; ')}; nothing is made there: put its meta.db back and start it again, or permit to make the cluster's schema on the server as it is with --rebuild ${lossId(loss)}`,
    { retryable: true },
  );
}

function shardList(shards: readonly string[]): string {
  const named = shards.slice(0, shownShards).map(describeShard).join(', ');
  const more = shards.length - shownShards;
  return more > 0 ? `${named} and ${more} more` : named;
}
