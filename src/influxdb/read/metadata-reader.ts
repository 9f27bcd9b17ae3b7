import { debugLog } from '../../debug-log.js';
import { CfluxError, isCfluxError } from '../../errors.js';
import type { MetaData } from '../../meta/records.js';
import type { InfluxConnection } from '../connect/influx-connection.js';
import { isRefusal } from '../connect/statement-error.js';
import { diagnosticIn } from './diagnostics.js';
import { readApart } from './read-apart.js';
import { readByShow } from './read-by-show.js';
import { directoriesIn, type ServerDirectories } from './server-directories.js';
import { shardsIn } from './shards-in.js';
import { boundAddress, usualAddresses } from './snapshot-candidates.js';
import { parseSnapshotAddress, readSnapshot, type SnapshotAddress } from './snapshot-port.js';
import { nothingUnread, type Unread } from './unread.js';

const debug = debugLog('cflux:influxdb');

/** The metadata of a server, and how it was read. */
export type Reading =
  /** With password hashes, shard groups and ids. */
  | { readonly source: 'snapshot'; readonly metadata: MetaData; readonly unread: Unread }
  /** Without them, and the reason. */
  | {
      readonly source: 'show';
      readonly metadata: MetaData;
      readonly unread: Unread;
      readonly reason: string;
    };

/** A failed snapshot port is retried after this multiple of the time that the failure took, */
const patience = 10;
/** and after at least this many milliseconds: a closed port fails at once, one behind a firewall after seconds. */
const shortestPause = 1_000;
/** Timeout of one snapshot in milliseconds: the metadata of 10,000 databases takes 12 ms. */
const snapshotTimeout = 10_000;

/**
 * Reads the metadata of one server repeatedly: by its snapshot port if that is known and can be reached, otherwise by SHOW.
 * `snapshot` is `host:port`, `true` to query the address from the server, or `false` to use only SHOW.
 */
export class MetadataReader {
  readonly #connection: InfluxConnection;
  readonly #given: SnapshotAddress | boolean;
  /** The addresses to try; after a success, only that one. */
  #addresses: readonly SnapshotAddress[] | undefined;
  /** Why the last attempt failed. */
  #reason = 'the snapshot port is not used (--no-snapshot)';
  /** Whether the addresses are the usual ones, because the server does not report its own. */
  #isGuess = false;
  /** Whether a snapshot from the present address was this server's. */
  #isConfirmed = false;
  /** Why there is no address to try. */
  #unreported = '';
  #known: MetaData | undefined;
  #directories: ServerDirectories | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(connection: InfluxConnection, snapshot: string | boolean) {
    this.#connection = connection;
    this.#given = typeof snapshot === 'string' ? parseSnapshotAddress(snapshot) : snapshot;
  }

  /** `host:port` of the snapshot port, if one address is known. */
  get snapshotAddress(): string | undefined {
    const [address, ...others] = this.#addresses ?? [];
    if (address === undefined || others.length > 0) return undefined;
    return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
  }

  /** The directories of the server, if it reported them together with the address of its snapshot port. */
  get directories(): ServerDirectories | undefined {
    return this.#directories;
  }

  /** Reads the metadata by the best available way. An explicit address of another server is always an error. */
  async read(signal?: AbortSignal): Promise<Reading> {
    return this.#read(signal).catch((error: unknown) => this.#connection.explain(error));
  }

  async #read(signal: AbortSignal | undefined): Promise<Reading> {
    const { clock } = this.#connection.address;
    if (this.#given !== false && clock.monotonic() >= this.#notBefore) {
      const begin = clock.monotonic();
      const metadata = await this.#attempt(signal);
      if (!isCfluxError(metadata)) return { metadata, source: 'snapshot', unread: nothingUnread };
      if (metadata.code === 'INVALID_OPTION' && typeof this.#given === 'object') throw metadata;
      debug('reading by SHOW: %s', metadata.message);
      this.#reason = `${metadata.message}; set the bind-address at the top of influxdb.conf with --snapshot host:port`;
      this.#addresses = undefined;
      this.#isConfirmed = false;
      const end = clock.monotonic();
      this.#notBefore = end + Math.max(shortestPause, (end - begin) * patience);
    }
    return { ...(await readByShow(this.#connection, signal)), source: 'show', reason: this.#reason };
  }

  /** Reads the metadata by the snapshot port; rejects if that is not possible. */
  async readSnapshot(signal?: AbortSignal): Promise<MetaData> {
    const metadata = await this.#attempt(signal);
    if (isCfluxError(metadata)) throw metadata;
    return metadata;
  }

  /** Resolves with a snapshot, or with the error of the snapshot port; rejects with errors of the query interface. */
  async #attempt(signal: AbortSignal | undefined): Promise<MetaData | CfluxError> {
    this.#addresses ??= typeof this.#given === 'object' ? [this.#given] : await this.#findAddresses(signal);
    const failures: CfluxError[] = [];
    for (const address of this.#addresses) {
      const metadata = await this.#readFrom(address, signal);
      if (!isCfluxError(metadata)) {
        this.#addresses = [address];
        this.#isConfirmed = true;
        return metadata;
      }
      failures.push(metadata);
    }
    const [only] = failures;
    if (only !== undefined && !this.#isGuess) return only;
    const reasons = [this.#unreported, ...failures.map(({ message }) => message)];
    return new CfluxError('UNREACHABLE', reasons.join('; '));
  }

  async #readFrom(address: SnapshotAddress, signal: AbortSignal | undefined): Promise<MetaData | CfluxError> {
    const { clock, timeout, maxAnswerBytes: maxBytes, url } = this.#connection.address;
    const options = { clock, timeout: Math.min(timeout, snapshotTimeout), maxBytes, signal };
    // A database created or dropped between the two readings makes them differ once; another server's snapshot always differs.
    for (let attempt = 1; attempt <= 3; attempt++) {
      const metadata = await readSnapshot(address, { ...options, known: this.#known }).catch(failureOf);
      if (isCfluxError(metadata)) return metadata;
      const isOfThis = await this.#isOfThisServer(metadata, signal);
      if (isCfluxError(isOfThis)) return isOfThis;
      if (isOfThis) {
        this.#known = metadata;
        return metadata;
      }
    }
    return new CfluxError(
      'INVALID_OPTION',
      `snapshot: ${address.host}:${address.port} is not the snapshot port of ${url}, but of another server`,
    );
  }

  /** Since InfluxDB 1.12.3, the settings of the data folder hide the address. The usual one is then a guess. */
  async #findAddresses(signal: AbortSignal | undefined): Promise<readonly SnapshotAddress[]> {
    const { hostname } = this.#connection.address;
    const [result] = await readApart(this.#connection, ['SHOW DIAGNOSTICS'], signal);
    // Another program than InfluxDB 1.x, or a proxy that does not know it.
    if (isCfluxError(result) && !result.retryable && !isRefusal(result)) throw result;
    const series = result === undefined || isCfluxError(result) ? [] : result.series;
    this.#directories = directoriesIn(series) ?? this.#directories;
    const bound = diagnosticIn(series, 'config', 'bind-address');
    this.#isGuess = typeof bound !== 'string';
    if (typeof bound !== 'string') {
      const why = isCfluxError(result) ? `: SHOW DIAGNOSTICS failed: ${result.message}` : '';
      this.#unreported = `the server does not report its snapshot port${why}`;
      return usualAddresses(hostname);
    }
    this.#unreported = `the snapshot port at ${JSON.stringify(bound.slice(0, 100))} cannot be reached from this machine`;
    const address = boundAddress(bound, hostname);
    return address === undefined ? [] : [address];
  }

  /**
   * Resolves with whether `metadata` has the databases and users of the query interface; at a guessed address also its shards, because
   * another server of the same cluster on this machine may have the same databases and users. What cannot be read is not compared, unless
   * nothing is left; the failure is returned then.
   */
  async #isOfThisServer(metadata: MetaData, signal: AbortSignal | undefined): Promise<boolean | CfluxError> {
    const isNew = this.#isGuess && !this.#isConfirmed;
    const statements = ['SHOW USERS', 'SHOW DATABASES', ...(isNew ? ['SHOW SHARDS'] : [])];
    const results = await readApart(this.#connection, statements, signal);
    const [users, databases, shards] = results.map((result) =>
      isCfluxError(result) ? result : result.series.flatMap(({ values }) => values.map(([first]) => first)),
    );
    if (isCfluxError(shards)) return shards;
    if (isCfluxError(users) && isCfluxError(databases)) return databases;
    for (const [shown, list] of [
      [users, metadata.users],
      [databases, metadata.databases],
    ] as const)
      if (!isCfluxError(shown) && JSON.stringify(shown) !== JSON.stringify(list.map(({ name }) => name)))
        return false;
    return shards === undefined || isSameSet(shards.map(String), shardsOf(metadata));
  }
}

/** Returns `error` if it concerns the snapshot port; rethrows an abort by the caller. */
function failureOf(error: unknown): CfluxError {
  if (isCfluxError(error)) return error;
  throw error;
}

/** Returns the ids of the shards that SHOW SHARDS returns: those of groups that are not deleted. */
const shardsOf = (metadata: MetaData): readonly string[] =>
  [...shardsIn(metadata)].filter(({ group }) => group.deletedAt === undefined).map(({ id }) => String(id));

const isSameSet = (one: readonly string[], other: readonly string[]): boolean => {
  const known = new Set(other);
  return new Set(one).size === known.size && one.every((entry) => known.has(entry));
};
