import { statfsSync } from 'node:fs';
import { CfluxError, isCfluxError } from '../../errors.js';
import type { NodeInfo } from '../../protocol/nodes.js';
import { randomUuid } from '../../random.js';
import { tooManyNodes } from '../limits.js';
import { Liveness } from '../liveness.js';
import type {
  ClusterRecord,
  Commit,
  CommitResult,
  Head,
  KnownNode,
  ManagerStore,
  StoreContext,
  VersionRecord,
} from '../manager-store.js';
import { GroupCommit } from './group-commit.js';
import { type ClusterState, openTables, type Tables } from './lmdb-database.js';
import { clusterKey, clusterOf, clusterRange, mutationKey, numberedKey } from './lmdb-keys.js';
import { NodeSet } from './node-set.js';
import { epochOf, nextNumber, recordOf } from './numbering.js';
import { RememberedMutations } from './remembered-mutations.js';

/** How an {@link LmdbStore} works. */
export interface LmdbStoreOptions {
  /** The directory; made where it does not exist. */
  readonly dir: string;
  /** How often, in milliseconds, it looks for what other processes changed. Default: 200. */
  readonly watchInterval?: number;
}

const emptyState: ClusterState = { generation: 0, versions: [], nodes: 0 };

/** What is open while the store is. */
interface Opened {
  readonly context: StoreContext;
  readonly tables: Tables;
  readonly writes: GroupCommit;
  readonly id: string;
  readonly liveness: Liveness;
  readonly mutations: RememberedMutations;
}

/**
 * Keeps everything in a directory, through lmdb (an optional peer dependency): the store of a single manager.
 *
 * A commit is one transaction, on disk before it resolves. Several processes may open one directory: lmdb lets one of them
 * write at a time, so compare-and-set holds among all of them, and each notices the changes of the others within
 * `watchInterval`. Heartbeats are not shared: a node is alive for the process that hears it. For several managers that share
 * nodes there is the etcd store. Not for network file systems.
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
  readonly #listeners = new Set<(cluster: string | undefined) => void>();
  #opening: Promise<Opened> | undefined;
  #opened: Opened | undefined;
  #cancelLook: (() => void) | undefined;
  /** The count of changes that all listeners have been told of. */
  #changes = 0;
  /** Nodes that were there when this process looked, and no other process has changed anything since. */
  readonly #confirmed = new NodeSet();
  /** The last write failed. */
  #failing = false;

  constructor(options: LmdbStoreOptions) {
    this.#options = options;
    this.name = options.dir;
  }

  async open(context: StoreContext): Promise<void> {
    this.#opening ??= this.#open(context);
    try {
      this.#opened = await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    opened?.writes.flush();
    this.#opening = undefined;
    this.#opened = undefined;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#listeners.clear();
    this.#confirmed.clear();
    if (opened === undefined) return;
    opened.liveness.close();
    await opened.tables.root.close();
  }

  async check(): Promise<void> {
    const { tables } = this.#use();
    // A disk that was full may have room again: only a write tells.
    if (this.#failing) await this.#write(() => tables.store.putSync('checked', 0));
    else tables.store.get('store');
  }

  async head(cluster: string): Promise<Head> {
    this.#use().tables.root.resetReadTxn();
    return this.#head(cluster);
  }

  async read(cluster: string, version: number): Promise<Uint8Array | undefined> {
    const { tables } = this.#use();
    tables.root.resetReadTxn();
    return tables.snapshots.get(numberedKey(cluster, version));
  }

  async history(cluster: string): Promise<readonly VersionRecord[]> {
    this.#use().tables.root.resetReadTxn();
    return this.#state(cluster).versions;
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const { tables } = this.#use();
    try {
      return await this.#change(commit.cluster, () => this.#commitNow(commit));
    } catch (error) {
      // What every process sees now tells whether it is stored: a commit that is not visible does not become so later.
      tables.root.resetReadTxn();
      if (tables.mutations.get(mutationKey(commit.cluster, commit.mutation)) === undefined) throw error;
      throw storageError(error, this.name);
    }
  }

  async clusters(): Promise<readonly ClusterRecord[]> {
    const { tables } = this.#use();
    tables.root.resetReadTxn();
    const records: ClusterRecord[] = [];
    for (const { key, value } of tables.clusters.getRange()) {
      if (value.versions.length === 0 && value.nodes === 0) continue;
      const cluster = clusterOf(key);
      records.push({ cluster, ...this.#headOf(cluster, value) });
    }
    return records.sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  }

  async deleteCluster(cluster: string, above = 0): Promise<boolean> {
    const { context, tables } = this.#use();
    const ids = (await this.nodes(cluster)).map(({ id }) => id);
    const existed = await this.#change(cluster, () => {
      const { generation, versions, nodes } = this.#state(cluster);
      for (const { version } of versions) tables.snapshots.removeSync(numberedKey(cluster, version));
      for (const table of [tables.mutations, tables.nodes]) {
        for (const key of [...table.getKeys(clusterRange(cluster))]) table.removeSync(key);
      }
      const highest = versions[0]?.version ?? generation;
      tables.clusters.putSync(clusterKey(cluster), {
        generation: nextNumber(highest, context.clock.now(), above),
        versions: [],
        nodes: 0,
      });
      return versions.length > 0 || nodes > 0;
    });
    for (const id of ids) this.#forgetNode(cluster, id);
    return existed;
  }

  async addNode(cluster: string, { ip, hostname, bindAddress }: KnownNode): Promise<number> {
    const { context, tables, liveness } = this.#use();
    const id = await this.#write(() => {
      const state = this.#state(cluster);
      if (state.nodes >= context.mostNodes) return undefined;
      const last = tables.store.get('lastNodeId');
      const next = nextNumber(typeof last === 'number' ? last : 0, context.clock.now());
      tables.store.putSync('lastNodeId', next);
      tables.nodes.putSync(numberedKey(cluster, next), { ip, hostname, bindAddress, left: false });
      tables.clusters.putSync(clusterKey(cluster), { ...state, nodes: state.nodes + 1 });
      return next;
    });
    if (id === undefined) throw tooManyNodes(context.mostNodes);
    liveness.beat(cluster, id);
    return id;
  }

  beat(cluster: string, nodeId: number, leaving = false): boolean | Promise<boolean> {
    if (leaving || !this.#confirmed.has(cluster, nodeId)) return this.#firstBeat(cluster, nodeId, leaving);
    this.#use().liveness.beat(cluster, nodeId);
    return true;
  }

  /** A beat that may change what is stored. */
  async #firstBeat(cluster: string, nodeId: number, leaving: boolean): Promise<boolean> {
    const { tables, liveness } = this.#use();
    const key = numberedKey(cluster, nodeId);
    let node = tables.nodes.get(key);
    if (node === undefined) {
      // Another process may have just made it.
      tables.root.resetReadTxn();
      node = tables.nodes.get(key);
    }
    if (node === undefined) return false;
    if (node.left !== leaving) {
      await this.#write(() => {
        const current = tables.nodes.get(key);
        if (current !== undefined) tables.nodes.putSync(key, { ...current, left: leaving });
      });
    }
    if (leaving) this.#forgetNode(cluster, nodeId);
    else liveness.beat(cluster, nodeId);
    // Without a look at what other processes do, nothing would take that back.
    if (!leaving && this.#listeners.size > 0) this.#confirmed.add(cluster, nodeId);
    return true;
  }

  async removeNode(cluster: string, nodeId: number): Promise<boolean> {
    const { tables } = this.#use();
    const key = numberedKey(cluster, nodeId);
    const existed = await this.#change(cluster, () => {
      if (tables.nodes.get(key) === undefined) return false;
      const state = this.#state(cluster);
      tables.nodes.removeSync(key);
      tables.clusters.putSync(clusterKey(cluster), { ...state, nodes: state.nodes - 1 });
      return true;
    });
    this.#forgetNode(cluster, nodeId);
    return existed;
  }

  async nodes(cluster: string): Promise<readonly NodeInfo[]> {
    const { tables, liveness } = this.#use();
    tables.root.resetReadTxn();
    const nodes: NodeInfo[] = [];
    for (const { key, value } of tables.nodes.getRange(clusterRange(cluster))) {
      const id = idOf(key);
      const { ip, hostname, bindAddress } = value;
      nodes.push({ id, ip, hostname, bindAddress, alive: liveness.isAlive(cluster, id) });
    }
    return nodes;
  }

  watch(onChange: (cluster: string | undefined) => void): () => void {
    // Of its own, so that the same function may watch twice.
    const listener = (cluster: string | undefined) => onChange(cluster);
    this.#changes = this.#readChanges();
    this.#listeners.add(listener);
    this.#lookLater();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#cancelLook?.();
      this.#cancelLook = undefined;
    };
  }

  async #open(context: StoreContext): Promise<Opened> {
    const tables = await openTables(this.#options.dir, () => randomUuid(context.random));
    const state = tables.store.get('store');
    const liveness = new Liveness(context.clock, context.nodeTtl);
    // Nobody expires for the time in which no manager ran (R23); who had said good-bye stays gone.
    for (const { key, value } of tables.nodes.getRange()) {
      if (!value.left) liveness.beat(clusterOf(key), idOf(key));
    }
    const mutations = new RememberedMutations(context.clock, context.mutationMemory);
    for (const { key, value } of tables.mutations.getRange()) mutations.add(key, value);
    const writes = new GroupCommit(tables.root);
    return { context, tables, writes, liveness, mutations, id: typeof state === 'object' ? state.id : '' };
  }

  #use(): Opened {
    if (this.#opened === undefined) throw new CfluxError('NOT_OPEN', `the store in ${this.name} is not open`);
    return this.#opened;
  }

  #state(cluster: string): ClusterState {
    return this.#use().tables.clusters.get(clusterKey(cluster)) ?? emptyState;
  }

  #head(cluster: string): Head {
    return this.#headOf(cluster, this.#state(cluster));
  }

  #headOf(cluster: string, { generation, versions }: ClusterState): Head {
    return { epoch: epochOf(this.#use().id, cluster, generation), latest: versions[0], kept: versions };
  }

  /** Within a transaction. Decides everything before it writes anything. */
  #commitNow(commit: Commit): CommitResult {
    const { context, tables, mutations } = this.#use();
    const { cluster, base, snapshot, mutation } = commit;
    const state = this.#state(cluster);
    const { epoch, latest, kept } = this.#headOf(cluster, state);
    const earlier = tables.mutations.get(mutationKey(cluster, mutation));
    if (earlier !== undefined) return { kind: 'repeated', epoch, version: earlier };
    if (commit.epoch !== undefined && commit.epoch !== epoch) return { kind: 'foreignEpoch', epoch };
    if (latest !== undefined && latest.version !== base) return { kind: 'conflict', epoch, latest, kept };

    const record = recordOf(commit, latest?.version ?? state.generation, context.clock.now());
    const { version } = record;
    const versions = [record, ...state.versions];
    for (const { version: old } of versions.splice(context.history)) {
      tables.snapshots.removeSync(numberedKey(cluster, old));
    }
    tables.snapshots.putSync(
      numberedKey(cluster, version),
      Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength),
    );
    tables.clusters.putSync(clusterKey(cluster), { ...state, versions });
    const key = mutationKey(cluster, mutation);
    tables.mutations.putSync(key, version);
    for (const old of mutations.takeExpired()) {
      if (tables.mutations.get(old.key) === old.version) tables.mutations.removeSync(old.key);
    }
    mutations.add(key, version);
    return { kind: 'committed', epoch, record };
  }

  /** A transaction that changes a cluster's head: counted, so that other processes notice. */
  async #change<T extends CommitResult | boolean>(cluster: string, work: () => T): Promise<T> {
    const { tables } = this.#use();
    let before = 0;
    let changed = false;
    const result = await this.#write(() => {
      const outcome = work();
      changed = typeof outcome === 'boolean' || outcome.kind === 'committed';
      before = this.#readChanges();
      if (changed) tables.store.putSync('changes', before + 1);
      return outcome;
    });
    if (changed) {
      // Who else committed meanwhile is not known here: then anything may have changed.
      const tell = before === this.#changes ? cluster : undefined;
      if (tell === undefined) this.#confirmed.clear();
      this.#changes = before + 1;
      this.#tell(tell);
    }
    return result;
  }

  /** Runs `work` in a transaction: all that it writes is stored, or nothing if it throws. */
  async #write<T>(work: () => T): Promise<T> {
    try {
      const result = await this.#use().writes.write(work);
      this.#failing = false;
      return result;
    } catch (error) {
      if (isCfluxError(error)) throw error;
      this.#failing = true;
      throw storageError(error, this.name, 'none');
    }
  }

  #forgetNode(cluster: string, nodeId: number): void {
    this.#confirmed.delete(cluster, nodeId);
    this.#use().liveness.end(cluster, nodeId);
  }

  #readChanges(): number {
    const changes = this.#use().tables.store.get('changes');
    return typeof changes === 'number' ? changes : 0;
  }

  #tell(cluster: string | undefined): void {
    for (const listener of this.#listeners) listener(cluster);
  }

  #lookLater(): void {
    if (this.#cancelLook !== undefined) return;
    this.#cancelLook = this.#use().context.clock.after(this.#options.watchInterval ?? 200, () => {
      this.#cancelLook = undefined;
      this.#use().tables.root.resetReadTxn();
      const changes = this.#readChanges();
      if (changes !== this.#changes) {
        this.#changes = changes;
        this.#confirmed.clear();
        this.#tell(undefined);
      }
      this.#lookLater();
    });
  }
}

const idOf = (key: Buffer) => Number(key.readBigUInt64BE(key.byteLength - 8));

/** An error of lmdb as ours: no room is told apart, for an operator can mend that. */
function storageError(error: unknown, dir: string, outcome?: 'none' | 'unknown'): CfluxError {
  const { message } = CfluxError.from(error);
  const full = /no space|MAP_FULL|disk quota|file too large/i.test(message) || isFull(dir);
  const said = full ? `no room in ${dir}: ${message}` : `the store failed: ${message}`;
  return new CfluxError(full ? 'OUT_OF_SPACE' : 'STORAGE_FAILED', said, {
    cause: error,
    ...(outcome === undefined ? {} : { outcome }),
  });
}

/** lmdb calls a write that only partly fitted an input/output error. */
function isFull(dir: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dir);
    return bavail * bsize < 1024 * 1024;
  } catch {
    return false;
  }
}
