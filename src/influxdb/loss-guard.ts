import type { InfluxConnection } from './influx-connection.js';
import {
  accept,
  emptyLedger,
  isSameServer,
  type Ledger,
  type Origin,
  type ServerIdentity,
} from './ledger.js';
import { type Loss, lossError, lossId } from './metadata-loss.js';
import type { MetadataReader, Reading } from './metadata-reader.js';
import { type Shards, shardsOnDisk, shardsUnknown } from './shards-on-disk.js';

export interface LossGuardParts {
  readonly connection: InfluxConnection;
  readonly reader: MetadataReader;
  /** The operator's permission for one loss. */
  readonly rebuild: string | undefined;
}

/**
 * Checks that a server has not lost metadata before anything is created on it. A lost or older `meta.db` gives new shards the ids of
 * shards on disk, and queries then mix the points of two databases.
 */
export class LossGuard {
  readonly #parts: LossGuardParts;

  constructor(parts: LossGuardParts) {
    this.#parts = parts;
  }

  /**
   * Resolves with the ledger to use. Throws `METADATA_LOST` unless the operator permitted to recreate metadata on the server.
   * `isThorough` searches for unknown shards even if the server continues its metadata.
   */
  async check(
    reading: Reading,
    known: Ledger | undefined,
    origin: Origin,
    { isThorough, signal }: { readonly isThorough: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<Ledger | undefined> {
    const server = this.identify(reading);
    const before = known !== undefined && isSameServer(known.server, server) ? known : undefined;
    const hadIndex = before?.server.index;
    // No commit since the last successful check.
    if (server.index !== undefined && server.index === hadIndex) return known;
    const isOlder = server.index !== undefined && hadIndex !== undefined && server.index < hadIndex;
    const accepted = before?.accepted ?? new Set();
    const isContinued = before !== undefined && !isOlder;
    const unknown = isThorough || !isContinued ? await this.#unknown(reading, accepted, signal) : undefined;
    const fresh = [...(unknown ?? [])].filter((key) => !accepted.has(key));
    if (isOlder || fresh.length > 0) {
      const indexes = isOlder ? { had: hadIndex, has: server.index } : undefined;
      const rebuilds = known?.rebuilds ?? 0;
      const loss = { server, shards: fresh, indexes, isWithoutUsers: false, rebuilds };
      this.#expectPermission(loss);
      return accept(known ?? emptyLedger(server, origin), { server, origin }, [...(unknown ?? [])]);
    }
    if (before === undefined || unknown === undefined || accepted.size === unknown.size) return known;
    // A shard that is in the metadata again is no longer accepted as unknown.
    return { ...before, accepted: unknown };
  }

  /**
   * As {@link check}, for a server that requires authentication but has no user, so that its metadata cannot be read. If this mirror
   * knows items of that server, and unknown shards are on disk or the disk cannot be checked, the server has lost its metadata.
   */
  async checkWithoutUsers(
    known: Ledger | undefined,
    origin: Origin,
    signal?: AbortSignal,
  ): Promise<Ledger | undefined> {
    if (known === undefined || known.current.size + known.held.size === 0) return known;
    const onDisk = await shardsOnDisk(this.#parts.connection, signal);
    const fresh = [...(onDisk ?? [])].filter((key) => !known.accepted.has(key));
    if (onDisk !== undefined && fresh.length === 0) return known;
    const server = { url: this.#parts.connection.address.url };
    const { rebuilds } = known;
    this.#expectPermission({ server, shards: fresh, indexes: undefined, isWithoutUsers: true, rebuilds });
    return accept({ ...emptyLedger(server, origin), rebuilds: known.rebuilds }, { server, origin }, fresh);
  }

  /** Returns the identity of the server whose metadata was read. */
  identify({ metadata, source }: Reading): ServerIdentity {
    const { url } = this.#parts.connection.address;
    if (source === 'show') return { url, clusterId: undefined, index: undefined };
    return { url, clusterId: metadata.clusterId, index: metadata.index };
  }

  #expectPermission(loss: Loss): void {
    if (lossId(loss) !== this.#parts.rebuild) throw lossError(loss);
  }

  /** Finds unknown shards, twice unless all are accepted, because a shard found once may have been dropped meanwhile. */
  async #unknown(reading: Reading, accepted: Shards, signal: AbortSignal | undefined): Promise<Shards> {
    const { connection, reader } = this.#parts;
    const first = await shardsUnknown(connection, reading, signal);
    if ([...first].every((key) => accepted.has(key))) return first;
    const second = await shardsUnknown(connection, await reader.read(signal), signal);
    return new Set([...second].filter((key) => first.has(key)));
  }
}
