import { optionsCheck, requireOption } from '../../check-options.js';
import type { MetaData } from '../../meta/records.js';
import { flag, listOf, object, signal, string, text } from '../../value-kinds.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import { type OfflineServerOptions, offlineKinds } from '../offline/server-paths.js';
import { type OfflineReport, StoppedServer } from '../offline/stopped-server.js';
import { readShards } from './read-shards.js';
import { type Rebuilt, rebuildMetadata } from './rebuild-metadata.js';

/** Options of {@link recoverServer}. */
export interface RecoverServerOptions extends OfflineServerOptions {
  /** The newest metadata of the cluster: durations, defaults, users and everything else that is not on disk. Default: none. */
  readonly cluster?: MetaData;
  /** Earlier versions of the cluster's metadata, newest first, which show what it dropped. Default: none. */
  readonly earlier?: readonly MetaData[];
  /** Older metadata of this server: a copy of its `meta.db`, or the metadata of a backup. Default: none. */
  readonly from?: MetaData;
  /** Whether to recreate databases and policies that the cluster dropped. Default: false; they are listed. */
  readonly withDropped?: boolean;
  /** Name prefix of subscriptions that belong to a single server. Default: `kapacitor-`; an empty prefix for none. */
  readonly localSubscriptions?: string;
  /** Ends the reading of the shards. */
  readonly signal?: AbortSignal;
}

/** What {@link recoverServer} did, or would do. */
export interface RecoveryReport extends Rebuilt, OfflineReport {
  /** What was there before. */
  readonly before: 'absent' | 'empty' | 'damaged' | 'whole';
  /** Whether the file was written; false after a dry run. */
  readonly isWritten: boolean;
}

const checkOptions = optionsCheck<RecoverServerOptions>('recoverServer', {
  ...offlineKinds,
  cluster: object,
  earlier: listOf(object),
  from: object,
  withDropped: flag,
  localSubscriptions: string,
  signal,
});

/**
 * Rebuilds a lost, empty, damaged or older `meta.db` of a stopped server. Its shard groups are inferred from the times of the points on
 * disk; everything else comes from `cluster`, `from` and the file itself, if it can be read. Nothing below `data` and `wal` is
 * changed, and the file that was there is kept beside the new one. Every value that is a guess has a finding.
 *
 * Rejects with `SERVER_RUNNING` while the server runs, `STORAGE_FAILED` and `INVALID_OPTION`; nothing was changed then.
 *
 * @example
 * ```ts
 * const { findings } = await recoverServer({
 *   data: '/var/lib/influxdb/data',
 *   wal: '/var/lib/influxdb/wal',
 *   meta: '/var/lib/influxdb/meta',
 *   cluster: await client.data(),
 * });
 * for (const { message } of findings) console.log(message);
 * ```
 */
export async function recoverServer(options: RecoverServerOptions): Promise<RecoveryReport> {
  checkOptions(options);
  requireOption('recoverServer', 'meta', text, options.meta);
  const { cluster, earlier, from, agent, localSubscriptions, withDropped = false, dryRun = false } = options;
  const server = await StoppedServer.open(options);
  const { file, paths } = server;
  const ledger = agent === undefined ? undefined : await new LedgerStore(agent).load();
  const disk = await readShards(paths.data, paths.wal, options.signal);
  const sources = { cluster, earlier, from, ledger, present: file.metadata };
  const rebuilt = rebuildMetadata(disk, sources, { withDropped, localSubscriptions });
  const report = dryRun ? await server.look() : await server.write(rebuilt.metadata);
  return { ...rebuilt, before: file.state, isWritten: !dryRun, ...report };
}
