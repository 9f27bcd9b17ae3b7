import { dirname, join, resolve } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { flushFolder } from '../../../durable-file.js';
import { CfluxError, isCfluxError } from '../../../errors.js';
import { accessAdvice } from '../../../file-access.js';
import { missingPackage } from '../../../missing-package.js';
import type { NodeKind } from '../../../protocol/nodes.js';
import type { StoredDrops } from '../../drops/stored-drops.js';
import type { NodeDetails, VersionRecord } from '../../manager-store.js';
import type { StoredProgress } from '../../nodes/stored-progress.js';
import { SealedTable } from '../sealed-table.js';
import { Damage } from './data-file/damage.js';
import { damaged, dataFile, openFiles } from './lmdb-files.js';
import { clusterKey } from './lmdb-keys.js';
import { inPages } from './lmdb-pages.js';

/** The format that this release writes; a newer one is refused. */
const format = 1;

/** The record of a cluster, read at once. */
export interface ClusterState {
  /** Highest version of the history that was deleted under this name; 0 if there is none. */
  readonly generation: number;
  /** The retained versions, newest first. */
  readonly versions: readonly VersionRecord[];
  /** CRC-32 of the snapshots of `versions`, in the same order; `null` or absent for those written by version 0.1. */
  readonly checksums?: readonly (number | null)[];
  /** Number of nodes. */
  readonly nodes: number;
  /** Highest id of the nodes that were removed with the cluster while their records are; absent if no record is left. */
  readonly removedNodes?: number;
  /** Bytes of the reports of its nodes, together; absent if there was none yet. */
  readonly reportBytes?: number;
}

/** A node, and whether it reported that it shuts down. */
export interface NodeState extends NodeDetails {
  readonly left: boolean;
  /** The last known kind; absent in records of version 0.1. */
  readonly kind?: NodeKind;
  /** The last progress before the node was found dead. */
  readonly last?: StoredProgress;
}

export interface StoreState {
  readonly format: number;
  /** Random identity of this store: epochs are derived from it. */
  readonly id: string;
}

/** The tables of a directory. */
export interface Tables {
  readonly root: RootDatabase<unknown, string>;
  /** `store`: StoreState; `changes`: number of commits; `lastNodeId`. */
  readonly store: SealedTable<StoreState | number, string>;
  readonly clusters: SealedTable<ClusterState, Buffer>;
  readonly snapshots: Database<Buffer, Buffer>;
  /** The version that a mutation created. */
  readonly mutations: SealedTable<number, Buffer>;
  readonly nodes: SealedTable<NodeState, Buffer>;
  /** The reports of agents, by the keys of their nodes. */
  readonly reports: SealedTable<string, Buffer>;
  /** The drop orders of a cluster. */
  readonly drops: SealedTable<StoredDrops, Buffer>;
}

/** Returns the record of a cluster; an empty one for an unknown cluster. */
export function stateOf(tables: Tables, cluster: string): ClusterState {
  return tables.clusters.get(clusterKey(cluster)) ?? { generation: 0, versions: [], nodes: 0 };
}

/**
 * Opens the tables in `dir`, and creates them if there are none.
 *
 * @throws `STORAGE_FAILED` if the directory or its files cannot be used.
 */
export async function openTables(
  lmdb: typeof import('lmdb'),
  dir: string,
  { isAlone, newId }: { readonly isAlone: boolean; readonly newId: () => string },
): Promise<Tables> {
  const folder = resolve(dir);
  let root: RootDatabase<unknown, string> | undefined;
  try {
    root = await openFiles(lmdb, folder, isAlone);
    const tables = tablesOf(root);
    await checkValues(tables);
    await syncDirectory(folder);
    identify(tables, dir, newId);
    return tables;
  } catch (cause) {
    await root?.close();
    if (isCfluxError(cause)) throw cause;
    if (cause instanceof Damage) throw damaged(join(folder, dataFile), cause.message, cause);
    const path = cause instanceof Error && 'path' in cause ? cause.path : dir;
    const reason = `${CfluxError.from(cause).message}${accessAdvice(cause)}`;
    throw new CfluxError('STORAGE_FAILED', `cannot open ${path}: ${reason}`, { cause });
  }
}

function tablesOf(root: RootDatabase<unknown, string>): Tables {
  const table = <V>(name: string) =>
    new SealedTable<V, Buffer>(name, root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' }));
  return {
    root,
    store: new SealedTable('store', root.openDB({ name: 'store', encoding: 'binary' })),
    clusters: table('clusters'),
    snapshots: root.openDB({ name: 'snapshots', encoding: 'binary', keyEncoding: 'binary' }),
    mutations: table('mutations'),
    nodes: table('nodes'),
    reports: table('reports'),
    drops: table('drops'),
  };
}

/** Reads every value except the snapshots, which are checked when they are read. Throws Damage. */
async function checkValues({ store, clusters, mutations, nodes, reports, drops }: Tables): Promise<void> {
  let values = 0;
  for (const table of [clusters, mutations, nodes, reports, drops])
    for await (const _ of inPages<unknown>(table)) values += 1;
  if (values > 0 && store.get('store') === undefined) throw new Damage('table "store" has lost its identity');
}

/** Gives a new store its identity; refuses one in a newer format. */
function identify(tables: Tables, dir: string, newId: () => string): void {
  tables.root.transactionSync(() => {
    if (tables.store.get('store') === undefined) tables.store.putSync('store', { format, id: newId() });
  });
  const state = tables.store.get('store');
  if (typeof state === 'object' && state.format <= format) return;
  const written = typeof state === 'object' ? state.format : 'unknown';
  throw new CfluxError(
    'STORAGE_FAILED',
    `cannot open ${dir}: a newer release of clusterflux wrote it (format ${written}, this one supports up to ${format}); upgrade, or use another directory`,
  );
}

export async function loadLmdb(): Promise<typeof import('lmdb')> {
  try {
    return await import('lmdb');
  } catch (cause) {
    throw missingPackage('lmdb', 'LmdbStore cannot be used', { cause });
  }
}

/** Makes the files themselves survive a power failure, not only their contents. */
async function syncDirectory(dir: string): Promise<void> {
  for (const each of [dir, dirname(dir)]) {
    try {
      await flushFolder(each);
    } catch {
      // Some systems do not sync directories, or do not allow opening the parent; the files exist anyway.
    }
  }
}
