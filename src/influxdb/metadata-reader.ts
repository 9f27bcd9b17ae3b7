import { debugLog } from '../debug-log.js';
import { CfluxError, isCfluxError } from '../errors.js';
import type { MetaData } from '../meta/records.js';
import type { InfluxConnection } from './influx-connection.js';
import { readByShow } from './read-by-show.js';
import { parseSnapshotAddress, readSnapshot, type SnapshotAddress } from './snapshot-port.js';
import { statementError } from './statement-error.js';

const debug = debugLog('cflux:influxdb');

/** The metadata of a server, and how it was read. */
export interface Reading {
  readonly metadata: MetaData;
  /** `snapshot`: with password hashes, shard groups and ids; `show`: without them. */
  readonly source: 'snapshot' | 'show';
}

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
  #address: SnapshotAddress | undefined;
  #known: MetaData | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(connection: InfluxConnection, snapshot: string | boolean) {
    this.#connection = connection;
    this.#given = typeof snapshot === 'string' ? parseSnapshotAddress(snapshot) : snapshot;
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
      if (!isCfluxError(metadata)) return { metadata, source: 'snapshot' };
      if (metadata.code === 'INVALID_OPTION' && typeof this.#given === 'object') throw metadata;
      debug('reading by SHOW: %s', metadata.message);
      this.#address = undefined;
      const end = clock.monotonic();
      this.#notBefore = end + Math.max(shortestPause, (end - begin) * patience);
    }
    return { metadata: await readByShow(this.#connection, signal), source: 'show' };
  }

  /** Reads the metadata by the snapshot port; rejects if that is not possible. */
  async readSnapshot(signal?: AbortSignal): Promise<MetaData> {
    const metadata = await this.#attempt(signal);
    if (isCfluxError(metadata)) throw metadata;
    return metadata;
  }

  /** Resolves with a snapshot, or with the error of the snapshot port; rejects with errors of the query interface. */
  async #attempt(signal: AbortSignal | undefined): Promise<MetaData | CfluxError> {
    this.#address ??= typeof this.#given === 'object' ? this.#given : await this.#findAddress(signal);
    if (this.#address === undefined) {
      return new CfluxError(
        'UNREACHABLE',
        'the server does not report a reachable snapshot port: set its address',
      );
    }
    const { clock, timeout, maxAnswerBytes: maxBytes, url } = this.#connection.address;
    const options = { clock, timeout: Math.min(timeout, snapshotTimeout), maxBytes, signal };
    // A database created or dropped between the two readings makes them differ once; another server's snapshot always differs.
    for (let attempt = 1; attempt <= 3; attempt++) {
      const metadata = await readSnapshot(this.#address, { ...options, known: this.#known }).catch(failureOf);
      if (isCfluxError(metadata)) return metadata;
      if (await this.#isOfThisServer(metadata, signal)) {
        this.#known = metadata;
        return metadata;
      }
    }
    const where = `${this.#address.host}:${this.#address.port}`;
    return new CfluxError(
      'INVALID_OPTION',
      `snapshot: ${where} is not the snapshot port of ${url}, but of another server`,
    );
  }

  async #findAddress(signal: AbortSignal | undefined): Promise<SnapshotAddress | undefined> {
    const [answer] = await this.#connection.read(['SHOW DIAGNOSTICS'], signal);
    if (answer?.error !== undefined) throw statementError(answer.error);
    const config = answer?.series.find(({ name }) => name === 'config');
    const bound = config?.values[0]?.[config.columns.indexOf('bind-address')];
    return typeof bound === 'string' ? addressOf(bound, this.#connection.address.hostname) : undefined;
  }

  /** Resolves with whether `metadata` has the databases and users of the query interface. */
  async #isOfThisServer(metadata: MetaData, signal: AbortSignal | undefined): Promise<boolean> {
    const answers = await this.#connection.read(['SHOW USERS', 'SHOW DATABASES'], signal);
    const [users, databases] = answers.map(({ series, error }) => {
      if (error !== undefined) throw statementError(error);
      return series.flatMap(({ values }) => values.map(([name]) => name));
    });
    const expected = [metadata.users, metadata.databases].map((list) => list.map(({ name }) => name));
    return JSON.stringify([users, databases]) === JSON.stringify(expected);
  }
}

/** Returns `error` if it concerns the snapshot port; rethrows an abort by the caller. */
function failureOf(error: unknown): CfluxError {
  if (isCfluxError(error)) return error;
  throw error;
}

const loopback = /^(localhost|127\.[0-9.]+|::1)$/;
const anyAddress = /^(|0\.0\.0\.0|::)$/;

/** Maximum length of an address: a host name has at most 253 characters. */
const maxAddress = 300;

/** Returns the address of the service bound to `bound`, if the server itself is reached at `hostname`. */
function addressOf(bound: string, hostname: string): SnapshotAddress | undefined {
  if (bound.length > maxAddress) return undefined;
  const [, host = '', digits = ''] = /^\[?([A-Za-z0-9._:%-]*)\]?:([0-9]{1,5})$/.exec(bound) ?? [];
  const port = Number(digits);
  // Ignore a port that a socket cannot use.
  if (port < 1 || port > 65_535) return undefined;
  if (anyAddress.test(host)) return { host: hostname, port };
  // The loopback address of another machine cannot be reached.
  if (loopback.test(host) && !loopback.test(hostname)) return undefined;
  return { host, port };
}
