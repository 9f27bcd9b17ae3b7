import type { Commit, CommitResult, Head, StoreContext } from '../manager-store.js';
import { type ClusterState, stateOf, type Tables } from './lmdb-database.js';
import { clusterKey, clusterRange, mutationKey, numberedKey } from './lmdb-keys.js';
import { epochOf, nextNumber, recordOf } from './numbering.js';
import { RememberedMutations } from './remembered-mutations.js';

/** The versions of clusters, as seen and made within a transaction. */
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
    return { epoch: epochOf(this.#storeId, cluster, generation), latest: versions[0], kept: versions };
  }

  /** Decides everything before it writes anything. */
  commit(commit: Commit): CommitResult {
    const tables = this.#tables;
    const { cluster, base, snapshot, mutation } = commit;
    const state = stateOf(tables, cluster);
    const { epoch, latest, kept } = this.headOf(cluster, state);
    const earlier = this.madeBy(cluster, mutation);
    if (earlier !== undefined) return { kind: 'repeated', epoch, version: earlier };
    if (commit.epoch !== undefined && commit.epoch !== epoch) return { kind: 'foreignEpoch', epoch };
    if (latest !== undefined && latest.version !== base) return { kind: 'conflict', epoch, latest, kept };

    const record = recordOf(commit, latest?.version ?? state.generation, this.#context.clock.now());
    const { version } = record;
    const versions = [record, ...state.versions];
    for (const { version: old } of versions.splice(this.#context.history)) {
      tables.snapshots.removeSync(numberedKey(cluster, old));
    }
    tables.snapshots.putSync(
      numberedKey(cluster, version),
      Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength),
    );
    tables.clusters.putSync(clusterKey(cluster), { ...state, versions });
    this.#remember(mutationKey(cluster, mutation), version);
    return { kind: 'committed', epoch, record };
  }

  /** The version that `mutation` made; absent: it is not known. */
  madeBy(cluster: string, mutation: string): number | undefined {
    return this.#tables.mutations.get(mutationKey(cluster, mutation));
  }

  /** Removes the cluster, nodes and all; whether it was there. */
  remove(cluster: string, above: number): boolean {
    const tables = this.#tables;
    const { generation, versions, nodes } = stateOf(tables, cluster);
    for (const { version } of versions) tables.snapshots.removeSync(numberedKey(cluster, version));
    for (const table of [tables.mutations, tables.nodes]) {
      for (const key of [...table.getKeys(clusterRange(cluster))]) table.removeSync(key);
    }
    const highest = versions[0]?.version ?? generation;
    tables.clusters.putSync(clusterKey(cluster), {
      generation: nextNumber(highest, this.#context.clock.now(), above),
      versions: [],
      nodes: 0,
    });
    return versions.length > 0 || nodes > 0;
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
