import { crc32 } from 'node:zlib';
import { checkCommit } from '../../check-commit.js';
import { dropsOf, hasDropsOf, ordersAbove, type StoredDrops, withDrops } from '../../drops/stored-drops.js';
import type {
  Commit,
  CommitResult,
  Head,
  NewHistory,
  StoreContext,
  StoredDropOrders,
} from '../../manager-store.js';
import { epochOf, firstGeneration, newHistoryOf, nextNumber, recordOf } from '../numbering.js';
import { RememberedMutations } from '../remembered-mutations.js';
import { Damage } from './data-file/damage.js';
import { type ClusterState, stateOf, type Tables } from './lmdb-database.js';
import { clusterKey, clusterRange, mutationKey, numberedKey } from './lmdb-keys.js';
import { removedNodesOf } from './lmdb-removed-nodes.js';

/** The versions of clusters, read and written within a transaction. */
export class LmdbVersions {
  readonly #tables: Tables;
  readonly #context: StoreContext;
  readonly #storeId: string;
  readonly #mutations: RememberedMutations;

  constructor(tables: Tables, context: StoreContext) {
    this.#tables = tables;
    this.#context = context;
    const state = tables.store.get('store');
    this.#storeId = typeof state === 'object' ? state.id : '';
    this.#mutations = new RememberedMutations(context.clock, context.mutationMemory);
    for (const { key, value } of tables.mutations.getRange()) this.#mutations.add(key, value);
  }

  head(cluster: string): Head {
    return this.headOf(cluster, stateOf(this.#tables, cluster));
  }

  headOf(cluster: string, { generation, versions }: ClusterState): Head {
    return { epoch: epochOf(this.#storeId, cluster, generation), latest: versions[0], retained: versions };
  }

  /** Makes all decisions before it writes. */
  commit(commit: Commit): CommitResult {
    const tables = this.#tables;
    const { cluster, snapshot, mutation, drops } = commit;
    const state = stateOf(tables, cluster);
    const head = this.headOf(cluster, state);
    const refusal = checkCommit(commit, head, this.madeBy(cluster, mutation));
    if (refusal?.kind === 'repeated' && drops !== undefined) {
      return { ...refusal, hasDrops: hasDropsOf(this.#drops(cluster, state.generation), mutation) };
    }
    if (refusal !== undefined) return refusal;

    const { latest } = head;
    const generation = latest === undefined ? firstGeneration(commit, state.generation) : state.generation;
    const record = recordOf(commit, latest?.version ?? generation, this.#context.clock.now());
    const { version } = record;
    const versions = [record, ...state.versions];
    const known = state.checksums ?? state.versions.map(() => null);
    const checksums = [crc32(snapshot), ...known].slice(0, this.#context.keepVersions);
    for (const { version: old } of versions.splice(this.#context.keepVersions)) {
      tables.snapshots.removeSync(numberedKey(cluster, old));
    }
    tables.snapshots.putSync(
      numberedKey(cluster, version),
      Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength),
    );
    tables.clusters.putSync(clusterKey(cluster), { ...state, generation, versions, checksums });
    this.#remember(mutationKey(cluster, mutation), version);
    const epoch = epochOf(this.#storeId, cluster, generation);
    if (drops === undefined) return { kind: 'committed', epoch, record };
    tables.drops.putSync(clusterKey(cluster), withDrops(this.#drops(cluster, generation), record, drops));
    return { kind: 'committed', epoch, record, hasDrops: true };
  }

  /** Reads the drop orders above `since`. */
  dropOrders(cluster: string, since: number): StoredDropOrders {
    const state = stateOf(this.#tables, cluster);
    const { epoch, latest } = this.headOf(cluster, state);
    const [version, now] = [latest?.version ?? 0, this.#context.clock.now()];
    return { epoch, ...ordersAbove(this.#drops(cluster, state.generation), { since, version, now }) };
  }

  /**
   * Reads the bytes of a version.
   *
   * @throws Damage if they differ from what was stored.
   */
  read(cluster: string, version: number): Uint8Array | undefined {
    const snapshot = this.#tables.snapshots.get(numberedKey(cluster, version));
    const { versions, checksums } = stateOf(this.#tables, cluster);
    const checksum = checksums?.[versions.findIndex((record) => record.version === version)];
    if (snapshot === undefined || checksum === undefined || checksum === null) return snapshot;
    if (crc32(snapshot) !== checksum) throw new Damage(`version ${version} of cluster ${cluster} is broken`);
    return snapshot;
  }

  /** Returns the version that `mutation` created; `undefined` if it is unknown. */
  madeBy(cluster: string, mutation: string): number | undefined {
    return this.#tables.mutations.get(mutationKey(cluster, mutation));
  }

  /** Returns a history that may begin with the cluster's next version. */
  newHistory(cluster: string, minVersion: number): NewHistory {
    const { generation, versions } = stateOf(this.#tables, cluster);
    const previous = versions[0]?.version ?? generation;
    return newHistoryOf({ storeId: this.#storeId, cluster, previous }, this.#context.clock.now(), minVersion);
  }

  /** Removes the cluster with its nodes, whose records remain. Returns `false`, and writes nothing, if it did not exist. */
  remove(cluster: string): boolean {
    const tables = this.#tables;
    const state = stateOf(tables, cluster);
    const { generation, versions, nodes } = state;
    if (versions.length === 0 && nodes === 0) return false;
    for (const { version } of versions) tables.snapshots.removeSync(numberedKey(cluster, version));
    for (const table of [tables.mutations, tables.drops]) {
      for (const key of [...table.getKeys(clusterRange(cluster))]) table.removeSync(key);
    }
    const highest = versions[0]?.version ?? generation;
    tables.clusters.putSync(clusterKey(cluster), {
      generation: nextNumber(highest, this.#context.clock.now()),
      versions: [],
      nodes: 0,
      ...removedNodesOf(tables, state),
    });
    return true;
  }

  #drops(cluster: string, generation: number): StoredDrops {
    return dropsOf(this.#tables.drops.get(clusterKey(cluster)), generation);
  }

  #remember(key: Buffer, version: number): void {
    const { mutations } = this.#tables;
    mutations.putSync(key, version);
    for (const old of this.#mutations.takeExpired()) {
      if (mutations.get(old.key) === old.version) mutations.removeSync(old.key);
    }
    this.#mutations.add(key, version);
  }
}
