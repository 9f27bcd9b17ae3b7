import { optionsCheck } from '../../check-options.js';
import type { MetaData } from '../../meta/records.js';
import { either, flag, signal as signalKind, text } from '../../value-kinds.js';
import { InfluxConnection } from '../connect/influx-connection.js';
import { connectionKinds, type InfluxConnectionOptions } from '../connect/influx-options.js';
import { MetadataReader } from './metadata-reader.js';
import { readByShow } from './read-by-show.js';

/** Options of {@link readInfluxMetadata}. */
export interface ReadInfluxMetadataOptions extends InfluxConnectionOptions {
  /**
   * The server's snapshot service, the `bind-address` at the top of its configuration, as `host:port`; `true` queries the address
   * from the server, or tries port 8088 for a server on this machine that does not report it. Only it has password hashes, shard groups, ids and counters. Default: none, only SHOW statements are used.
   */
  readonly snapshot?: string | boolean;
  readonly signal?: AbortSignal;
}

const checkOptions = optionsCheck<ReadInfluxMetadataOptions>('readInfluxMetadata', {
  ...connectionKinds,
  snapshot: either(text, flag),
  signal: signalKind,
});

/**
 * Reads the metadata of a live InfluxDB 1.x server without changing it: databases, retention policies, defaults, subscriptions,
 * continuous queries, users and privileges, which are the same for both ways of reading.
 *
 * Rejects with `UNREACHABLE`, `TIMEOUT`, `UNAUTHORIZED`, `FORBIDDEN` (the user is not an administrator), `BAD_ANSWER`, and with
 * `INVALID_OPTION` if the snapshot port belongs to another server.
 *
 * @example
 * ```ts
 * const metadata = await readInfluxMetadata('http://127.0.0.1:8086', { snapshot: '127.0.0.1:8088' });
 * console.log(metadata.databases.map(({ name }) => name));
 * ```
 */
export async function readInfluxMetadata(
  url: string,
  options: ReadInfluxMetadataOptions = {},
): Promise<MetaData> {
  checkOptions(options);
  const { snapshot = false, signal, ...rest } = options;
  const connection = new InfluxConnection(url, rest);
  try {
    if (snapshot === false) {
      const { metadata, unread } = await readByShow(connection, signal);
      unread.expectNone();
      return metadata;
    }
    return await new MetadataReader(connection, snapshot).readSnapshot(signal);
  } catch (error) {
    return await connection.explain(error);
  } finally {
    await connection.close();
  }
}
