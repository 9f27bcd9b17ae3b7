import { highest } from '../../bigint-order.js';
import { optionsCheck, requireOption } from '../../check-options.js';
import { CfluxError } from '../../errors.js';
import { checkAdministrators } from '../../meta/administrators.js';
import { emptyMetaData } from '../../meta/empty-metadata.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { flag, object, string, text } from '../../value-kinds.js';
import { LedgerStore } from '../ledger/ledger-store.js';
import { shardList } from '../loss/metadata-loss.js';
import { type OfflineServerOptions, offlineKinds } from '../offline/server-paths.js';
import { type OfflineReport, StoppedServer } from '../offline/stopped-server.js';
import { shardsIn } from '../read/shards-in.js';
import { shardKey } from '../read/unknown-shards.js';
import { listShards } from '../recover/read-shards.js';
import {
  type ProvisionedMetadata,
  type ProvisionMetadataOptions,
  provisionMetadata,
} from './provision-metadata.js';

/** Options of {@link provisionServer}. */
export interface ProvisionServerOptions extends OfflineServerOptions, ProvisionMetadataOptions {
  /** The cluster's metadata. */
  readonly cluster: MetaData;
  /** Whether the last administrator of the server may be removed. Default: false. */
  readonly allowNoAdmin?: boolean;
}

/** What {@link provisionServer} did, or would do. */
export interface ProvisionReport extends ProvisionedMetadata, OfflineReport {
  /** The metadata that was there; absent without a file. */
  readonly before?: MetaData;
  /** Whether the file was replaced, or would be. */
  readonly isChanged: boolean;
}

const checkOptions = optionsCheck<ProvisionServerOptions>('provisionServer', {
  ...offlineKinds,
  exact: flag,
  localSubscriptions: string,
  cluster: object,
  allowNoAdmin: flag,
});

/**
 * Writes the schema of a cluster into the `meta.db` of a stopped server: see {@link provisionMetadata}. A missing or empty file is
 * created, with a new cluster id. The file that was there is kept beside it.
 *
 * Rejects with `SERVER_RUNNING` while the server runs, `METADATA_LOST` if shards on disk are not in its metadata, which
 * {@link recoverServer} rebuilds, `MALFORMED_METADATA` for a damaged file, `LAST_ADMINISTRATOR`, `STORAGE_FAILED` and `INVALID_OPTION`;
 * nothing was changed then.
 *
 * @example
 * ```ts
 * const { backup } = await provisionServer({ meta: '/var/lib/influxdb/meta', cluster: await client.data() });
 * ```
 */
export async function provisionServer(options: ProvisionServerOptions): Promise<ProvisionReport> {
  checkOptions(options);
  requireOption('provisionServer', 'meta', text, options.meta);
  requireOption('provisionServer', 'cluster', object, options.cluster);
  const { cluster, exact, localSubscriptions, allowNoAdmin = false, dryRun = false } = options;
  const server = await StoppedServer.open(options);
  const before = await knownMetadata(server);
  const base = before ?? emptyMetaData();
  const provisioned = provisionMetadata(base, cluster, {
    ...(exact === undefined ? {} : { exact }),
    ...(localSubscriptions === undefined ? {} : { localSubscriptions }),
  });
  if (!allowNoAdmin) checkAdministrators(base, provisioned.metadata);
  const isChanged = before === undefined || !equalMetadata(before, provisioned.metadata);
  const metadata = isChanged
    ? { ...provisioned.metadata, index: await nextIndex(base, options.agent) }
    : base;
  const report = dryRun || !isChanged ? await server.look() : await server.write(metadata);
  return { ...provisioned, metadata, ...(before === undefined ? {} : { before }), isChanged, ...report };
}

/** Resolves with the metadata of a server that has lost none. */
async function knownMetadata({ file, paths }: StoppedServer): Promise<MetaData | undefined> {
  if (file.state === 'damaged') {
    throw new CfluxError(
      'MALFORMED_METADATA',
      `cannot read ${file.path}: ${file.reason}; restore it, or rebuild it with cflux recover`,
    );
  }
  const databases = file.metadata?.databases ?? [];
  const known = new Set(
    Array.from(shardsIn({ databases }), ({ id, database, policy }) => shardKey(id, database, policy)),
  );
  const unknown = listShards(paths.data).filter((key) => !known.has(key));
  if (unknown.length === 0) return file.metadata;
  throw new CfluxError(
    'METADATA_LOST',
    `cannot provision: ${file.path} does not have ${shardList(unknown)}, which is below ${paths.data}; rebuild it with cflux recover`,
  );
}

/** An index above those of the file and of the agent's record, so that the agent does not take the file for an older one. */
async function nextIndex({ clusterId, index }: MetaData, agent: string | undefined): Promise<bigint> {
  const recorded = agent === undefined ? undefined : (await new LedgerStore(agent).load())?.server;
  const seen = recorded?.clusterId === clusterId ? (recorded.index ?? 0n) : 0n;
  return highest([seen, index]) + 1n;
}
