import { join } from 'node:path';
import { optionsCheck, requireOption } from '../../../check-options.js';
import { DirectoryLock } from '../../../directory-lock.js';
import { CfluxError, isCfluxError } from '../../../errors.js';
import type { NodeProgress } from '../../../protocol/node-progress.js';
import { randomUuid } from '../../../random.js';
import { flag, number, text } from '../../../value-kinds.js';
import type {
  ClusterRecord,
  Commit,
  CommitResult,
  Head,
  HeartbeatResult,
  ManagerStore,
  NewHistory,
  NodeDetails,
  NodeUpdate,
  StoreContext,
  StoredDropOrders,
  StoredNode,
  VersionRecord,
} from '../../manager-store.js';
import { Damage } from './data-file/damage.js';
import { LmdbChanges } from './lmdb-changes.js';
import { loadLmdb, openTables, type Tables } from './lmdb-database.js';
import { lmdbError } from './lmdb-error.js';
import { dataFile } from './lmdb-files.js';
import { clusterOf } from './lmdb-keys.js';
import { LmdbNodes } from './lmdb-nodes.js';
import { inPages } from './lmdb-pages.js';
import { sweepAllRemovedNodes, sweepRemovedNodes } from './lmdb-removed-nodes.js';
import { LmdbVersions } from './lmdb-versions.js';

/** Options of an {@link LmdbStore}. */
export interface LmdbStoreOptions {
  /** The directory; created if it does not exist. */
  readonly dir: string;
  /**
   * Whether other stores, of this process or of others on this machine, may use the directory at the same time; all of them must set it.
   * A process that is stopped in the middle of a write then blocks the others, and one that is stopped in the middle of a read makes the
   * file grow. Default: false, a second store is refused.
   */
  readonly shared?: boolean;
  /** Milliseconds between checks for changes by other processes. Default: 200. */
  readonly watchInterval?: number;
}

const checkOptions = optionsCheck<LmdbStoreOptions>('LmdbStore', {
  dir: text,
  shared: flag,
  watchInterval: number,
});

/** The resources of an open store. */
interface Opened {
  readonly lock: DirectoryLock;
  readonly tables: Tables;
  readonly changes: LmdbChanges;
  readonly versions: LmdbVersions;
  readonly nodes: LmdbNodes;
}

/**
 * Stores everything in a directory, through lmdb (an optional peer dependency): the store of a single manager.
 *
 * A commit is one transaction, on disk before it resolves. The directory belongs to one store at a time. With `shared`, several processes
 * of one machine may open it: lmdb lets one of them write at a time, so compare-and-set holds among all of them, and each notices the
 * changes of the others within `watchInterval`. Heartbeats are not shared: a node is alive only for the process that receives them, so no process
 * reports that all nodes have a version. For several managers that share nodes use the etcd store. Network file systems are not supported.
 *
 * @example
 * ```ts
 * const manager = new Manager({ store: new LmdbStore({ dir: '/var/lib/cflux-manager' }) });
 * const server = await createManagerServer(manager, { port: 8000 });
 * ```
 */
export class LmdbStore implements ManagerStore {
  readonly name: string;
  readonly #options: LmdbStoreOptions;
  #opening: Promise<Opened> | undefined;
  #opened: Opened | undefined;
  /** A store that is reopened waits for its own files. */
  #closing: Promise<void> = Promise.resolve();

  /** @throws CfluxError `INVALID_OPTION` */
  constructor(options: LmdbStoreOptions) {
    checkOptions(options);
    requireOption('LmdbStore', 'dir', text, options.dir);
    this.#options = options;
    this.name = options.dir;
  }

  async open(context: StoreContext): Promise<void> {
    this.#opening ??= this.#closing.then(() => this.#open(context));
    try {
      this.#opened = await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opening = undefined;
    this.#opened = undefined;
    if (opened === undefined) return this.#closing;
    const closed = closeAll(opened);
    this.#closing = closed.catch(() => {});
    await closed;
  }

  async check(): Promise<void> {
    const { tables, changes } = this.#use();
    // A disk that was full may have room again: only a write can show it.
    if (changes.isFailing) await changes.write(() => tables.store.putSync('checked', 0));
    else tables.store.get('store');
  }

  async head(cluster: string): Promise<Head> {
    const { tables, versions } = this.#use();
    tables.root.resetReadTxn();
    return versions.head(cluster);
  }

  async read(cluster: string, version: number): Promise<Uint8Array | undefined> {
    const { tables, versions } = this.#use();
    tables.root.resetReadTxn();
    try {
      return versions.read(cluster, version);
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      const path = join(this.#options.dir, dataFile);
      throw new CfluxError('STORAGE_FAILED', `cannot read ${path}: ${error.message}`, { cause: error });
    }
  }

  async history(cluster: string): Promise<readonly VersionRecord[]> {
    return (await this.head(cluster)).retained ?? [];
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const { tables, changes, versions } = this.#use();
    try {
      return await changes.change(commit.cluster, () => versions.commit(commit));
    } catch (error) {
      // The state that every process sees now decides whether it is stored: a commit that is not visible does not become so later.
      tables.root.resetReadTxn();
      if (versions.madeBy(commit.cluster, commit.mutation) === undefined) throw error;
      throw lmdbError(error, this.name);
    }
  }

  async dropOrders(cluster: string, since: number): Promise<StoredDropOrders> {
    const { tables, versions } = this.#use();
    tables.root.resetReadTxn();
    return versions.dropOrders(cluster, since);
  }

  async clusters(): Promise<readonly ClusterRecord[]> {
    const { tables, versions } = this.#use();
    tables.root.resetReadTxn();
    const records: ClusterRecord[] = [];
    for await (const { key, value } of inPages(tables.clusters)) {
      if (value.versions.length === 0 && value.nodes === 0) continue;
      const cluster = clusterOf(key);
      records.push({ cluster, ...versions.headOf(cluster, value) });
    }
    return records.sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  }

  async deleteCluster(cluster: string): Promise<boolean> {
    const { tables, changes, versions, nodes } = this.#use();
    const existed = await changes.change(cluster, () => {
      const isRemoved = versions.remove(cluster);
      if (isRemoved) nodes.forgetAll(cluster);
      return isRemoved;
    });
    // The cluster is deleted, whatever becomes of the records of its nodes: the next open removes what remains.
    if (existed) await sweepRemovedNodes(tables, changes, cluster).catch(() => {});
    return existed;
  }

  async newHistory(cluster: string, minVersion: number): Promise<NewHistory> {
    const { tables, versions } = this.#use();
    tables.root.resetReadTxn();
    return versions.newHistory(cluster, minVersion);
  }

  async addNode(cluster: string, node: NodeDetails, progress?: NodeProgress): Promise<number> {
    return this.#use().nodes.add(cluster, node, progress);
  }

  heartbeat(
    cluster: string,
    nodeId: number,
    leaving = false,
    progress?: NodeProgress,
  ): HeartbeatResult | Promise<HeartbeatResult> {
    return this.#use().nodes.heartbeat(cluster, nodeId, leaving, progress);
  }

  noteHeld(cluster: string, nodeId: number, progress: NodeProgress): void {
    this.#use().nodes.noteHeld(cluster, nodeId, progress);
  }

  async setReport(cluster: string, nodeId: number, report: string): Promise<boolean> {
    return this.#use().nodes.setReport(cluster, nodeId, report);
  }

  async updateNode(cluster: string, nodeId: number, node: NodeDetails): Promise<NodeUpdate> {
    return this.#use().nodes.update(cluster, nodeId, node);
  }

  async removeNode(cluster: string, nodeId: number): Promise<boolean> {
    return this.#use().nodes.remove(cluster, nodeId);
  }

  /** Heartbeats are not shared: with other processes on the directory, a node may be alive for one of them only. */
  knowsNodesSince(): number {
    return this.#options.shared ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  async nodes(cluster: string): Promise<readonly StoredNode[]> {
    return this.#use().nodes.list(cluster);
  }

  watch(onChange: (cluster: string | undefined) => void): () => void {
    return this.#use().changes.watch(onChange);
  }

  async #open(context: StoreContext): Promise<Opened> {
    const { dir, shared = false } = this.#options;
    const lmdb = await loadLmdb();
    const lock = await lockStore(dir, shared);
    try {
      const newId = () => randomUuid(context.random);
      const tables = await openTables(lmdb, dir, { isAlone: !shared, newId });
      const parts = this.#partsOn(tables, context);
      await sweepAllRemovedNodes(tables, parts.changes);
      return { lock, ...parts };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  #partsOn(tables: Tables, context: StoreContext): Omit<Opened, 'lock'> {
    const { dir, watchInterval: interval = 200 } = this.#options;
    const versions = new LmdbVersions(tables, context);
    const changes = new LmdbChanges(tables, {
      dir,
      clock: context.clock,
      interval,
      onForeign: () => nodes.doubt(),
    });
    const nodes = new LmdbNodes(tables, changes, context);
    return { tables, changes, versions, nodes };
  }

  #use(): Opened {
    if (this.#opened === undefined)
      throw new CfluxError('NOT_OPEN', `the store in ${this.name} is not open: open it first`);
    return this.#opened;
  }
}

async function closeAll({ changes, nodes, tables, lock }: Opened): Promise<void> {
  try {
    changes.close();
    nodes.close();
    await tables.root.close();
  } finally {
    await lock.release();
  }
}

async function lockStore(dir: string, shared: boolean): Promise<DirectoryLock> {
  try {
    return await DirectoryLock.acquire(dir, 'manager', { shared, create: true });
  } catch (error) {
    if (!isCfluxError(error, 'DIRECTORY_LOCKED')) throw error;
    const advice = 'stop it, use another directory, or let all of them share it (shared, --shared-data)';
    throw new CfluxError('DIRECTORY_LOCKED', `cannot open ${dir}: ${error.message}; ${advice}`, {
      cause: error,
    });
  }
}
