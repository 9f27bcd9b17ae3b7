import { type CfluxError, isCfluxError } from '../../errors.js';
import type { InfluxConnection } from '../connect/influx-connection.js';
import {
  accept,
  emptyLedger,
  examine,
  isSameServer,
  type Ledger,
  type Origin,
  type ServerIdentity,
} from '../ledger/ledger.js';
import type { MetadataReader, Reading } from '../read/metadata-reader.js';
import { directoriesIn, type ServerDirectories } from '../read/server-directories.js';
import { serverProcess } from '../read/server-process.js';
import { findShards, type Shards, type ShardsFound, shardsOnDisk } from '../read/unknown-shards.js';
import { leftoversIn, leftoversSince } from './leftover-shards.js';
import { type Loss, lossError, lossId } from './metadata-loss.js';

export interface LossGuardParts {
  readonly connection: InfluxConnection;
  readonly reader: MetadataReader;
  /** The operator's permission for one loss. */
  readonly rebuild: string | undefined;
  /** Directory of the ledger. */
  readonly dir: string | undefined;
  /** Flags of `cflux` that name the cluster and its manager. */
  readonly commandFlags: readonly string[];
}

export interface CheckOptions {
  /** `first`: the first of a convergence; `afterDrops`: one that follows drops of the same convergence. */
  readonly search: 'first' | 'afterDrops' | 'none';
  readonly signal?: AbortSignal | undefined;
  /** Receives the failure of the search on a server that certainly lost nothing. Default: it is thrown. */
  readonly onFailure?: (error: CfluxError) => void;
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
   * If the server continues its metadata, `search` decides whether to search for unknown shards.
   */
  async check(
    reading: Reading,
    known: Ledger | undefined,
    origin: Origin,
    { search, signal, onFailure }: CheckOptions,
  ): Promise<Ledger | undefined> {
    const server = this.identify(reading);
    const before = known !== undefined && isSameServer(known.server, server) ? known : undefined;
    const hadIndex = before?.server.index;
    // No commit since the last successful check.
    if (server.index !== undefined && server.index === hadIndex) return known;
    const isOlder = server.index !== undefined && hadIndex !== undefined && server.index < hadIndex;
    const accepted = before?.accepted ?? new Set();
    const isContinued = before !== undefined && !isOlder;
    const isSearched = search !== 'none' || !isContinued;
    const found = isSearched
      ? await this.#find(reading, accepted, signal).catch(async (error: unknown) => {
          const isWhole = isContinued && (await this.#isContinuedFor(reading, before, signal));
          if (!isWhole || onFailure === undefined || !isCfluxError(error)) throw error;
          onFailure(error);
          return undefined;
        })
      : undefined;
    const unknown = found?.unknown ?? new Set();
    const fresh = [...unknown].filter((key) => !accepted.has(key));
    const isLeftover = this.#leftovers(reading, isContinued ? before : undefined, found);
    const lost = fresh.filter((key) => !isLeftover(key));
    if (isOlder || lost.length > 0) {
      const indexes = isOlder ? { had: hadIndex, has: server.index } : undefined;
      const rebuilds = known?.rebuilds ?? 0;
      const loss = { server, shards: lost, indexes, isWithoutUsers: false, rebuilds };
      await this.#expectPermission(loss, known, signal);
      return accept(known ?? emptyLedger(server, origin), { server, origin }, [...unknown]);
    }
    return before === undefined || found === undefined ? known : examine(before, found, search === 'first');
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
    const loss = { server, shards: fresh, indexes: undefined, isWithoutUsers: true, rebuilds };
    await this.#expectPermission(loss, known, signal);
    return accept({ ...emptyLedger(server, origin), rebuilds: known.rebuilds }, { server, origin }, fresh);
  }

  /** Returns the identity of the server whose metadata was read. */
  identify({ metadata, source }: Reading): ServerIdentity {
    const { url } = this.#parts.connection.address;
    const { directories } = this.#parts.reader;
    if (source === 'show') return { url, clusterId: undefined, index: undefined, directories };
    return { url, clusterId: metadata.clusterId, index: metadata.index, directories };
  }

  async #expectPermission(
    loss: Loss,
    known: Ledger | undefined,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { rebuild, dir, commandFlags } = this.#parts;
    if (lossId(loss) === rebuild) return;
    const directories = (await this.#directories(signal)) ?? known?.server.directories;
    const { url } = this.#parts.connection.address;
    const { snapshotAddress: snapshot } = this.#parts.reader;
    throw lossError(loss, { directories, url, snapshot, dir, commandFlags });
  }

  /** Resolves with the server's directories, if it reports them. */
  async #directories(signal: AbortSignal | undefined): Promise<ServerDirectories | undefined> {
    const { connection, reader } = this.#parts;
    if (reader.directories !== undefined) return reader.directories;
    try {
      const [answer] = await connection.read(['SHOW DIAGNOSTICS'], signal);
      return directoriesIn(answer?.series ?? []);
    } catch {
      // The loss is what counts, and a server without users refuses every statement.
      signal?.throwIfAborted();
      return undefined;
    }
  }

  /** Returns a predicate of keys: whether an unknown shard was left behind by a drop, and is not one of lost metadata. */
  #leftovers(
    { metadata, source }: Reading,
    before: Ledger | undefined,
    found: ShardsFound | undefined,
  ): (key: string) => boolean {
    if (before === undefined || found === undefined) return () => false;
    if (source === 'snapshot' && before.server.index !== undefined) return leftoversIn(metadata);
    return leftoversSince(before, found);
  }

  /** Resolves with whether the server certainly lost nothing since its last examination. */
  async #isContinuedFor(
    { source }: Reading,
    { server, examined }: Ledger,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    if (source === 'snapshot') return server.index !== undefined;
    const process = await serverProcess(this.#parts.connection, signal).catch(() => undefined);
    signal?.throwIfAborted();
    return process !== undefined && process === examined?.process;
  }

  /** Finds shards, twice if any is unknown and not accepted, because a shard found once may have been dropped meanwhile. */
  async #find(
    reading: Reading,
    accepted: Shards,
    signal: AbortSignal | undefined,
  ): Promise<ShardsFound | undefined> {
    const { connection, reader } = this.#parts;
    const first = await findShards(connection, reading, signal);
    if (first === undefined || [...first.unknown].every((key) => accepted.has(key))) return first;
    const second = await findShards(connection, await reader.read(signal), signal);
    if (second === undefined) return undefined;
    return { ...second, unknown: new Set([...second.unknown].filter((key) => first.unknown.has(key))) };
  }
}
