import { CfluxError } from '../../../errors.js';
import type { NodeProgress } from '../../../protocol/node-progress.js';
import { randomUuid } from '../../../random.js';
import { checkCommit } from '../../check-commit.js';
import { hasDropsOf, ordersAbove, withDrops } from '../../drops/stored-drops.js';
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
import { TimeSlice } from '../../time-slice.js';
import { bytesOf, firstGeneration, newHistoryOf, nextNumber, recordOf } from '../numbering.js';
import { Memory } from './memory.js';
import { MemoryNodes } from './memory-nodes.js';

/** What the open stores on one memory share. */
interface Sharing {
  readonly memory: Memory;
  readonly stores: Set<MemoryStore>;
  /** Exists while a store is open. */
  nodes: MemoryNodes | undefined;
}

/**
 * Stores everything in this process: for tests, trials and clusters whose nodes can offer their metadata again (R11).
 *
 * @example
 * ```ts
 * const manager = new Manager({ store: new MemoryStore() });
 * ```
 */
export class MemoryStore implements ManagerStore {
  readonly name = 'memory';
  #shared: Sharing = { memory: new Memory(), stores: new Set(), nodes: undefined };
  #context: StoreContext | undefined;
  readonly #unwatch = new Set<() => void>();

  /** Creates another store on the same memory, for a second manager of this process. */
  share(): MemoryStore {
    const other = new MemoryStore();
    other.#shared = this.#shared;
    return other;
  }

  /** Creates a store on a copy of the data of this one, as a backup that is restored: with the same epochs, and without running nodes. */
  copy(): MemoryStore {
    const other = new MemoryStore();
    other.#shared = { memory: this.#memory.copy(), stores: new Set(), nodes: undefined };
    return other;
  }

  async open(context: StoreContext): Promise<void> {
    this.#context = context;
    const shared = this.#shared;
    shared.stores.add(this);
    shared.memory.id ??= randomUuid(context.random);
    shared.nodes ??= new MemoryNodes(shared.memory, context);
  }

  async close(): Promise<void> {
    const shared = this.#shared;
    for (const unwatch of this.#unwatch) unwatch();
    shared.stores.delete(this);
    if (shared.stores.size > 0) return;
    shared.nodes?.close();
    shared.nodes = undefined;
  }

  async check(): Promise<void> {}

  async head(cluster: string): Promise<Head> {
    return this.#head(cluster);
  }

  async read(cluster: string, version: number): Promise<Uint8Array | undefined> {
    const { versions = [] } = this.#memory.clusters.get(cluster) ?? {};
    return versions.find(({ record }) => record.version === version)?.snapshot.whole();
  }

  async history(cluster: string): Promise<readonly VersionRecord[]> {
    return this.#head(cluster).retained ?? [];
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const { clock, keepVersions, mutationMemory } = this.#opened();
    const head = this.#head(commit.cluster);
    const earlier = this.#memory.clusters.get(commit.cluster)?.mutations.get(commit.mutation);
    const refusal = checkCommit(commit, head, earlier?.version);
    if (refusal?.kind === 'repeated' && commit.drops !== undefined) {
      return { ...refusal, hasDrops: hasDropsOf(this.#memory.drops(commit.cluster), commit.mutation) };
    }
    if (refusal !== undefined) return refusal;

    const { latest } = head;
    const stored = this.#memory.generation(commit.cluster);
    const generation = latest === undefined ? firstGeneration(commit, stored) : stored;
    const previous = latest?.version ?? generation;
    const record = recordOf(commit, previous, clock.now());
    if (generation !== stored) this.#memory.generations.set(commit.cluster, generation);
    const cluster = this.#memory.cluster(commit.cluster);
    cluster.versions.push({ record, snapshot: bytesOf(commit) });
    if (cluster.versions.length > keepVersions) cluster.versions.shift();
    const now = clock.monotonic();
    cluster.mutations.set(commit.mutation, { version: record.version, at: now });
    for (const [mutation, { at }] of cluster.mutations) {
      if (now - at <= mutationMemory) break;
      cluster.mutations.delete(mutation);
    }
    const { drops } = commit;
    if (drops !== undefined) cluster.drops = withDrops(this.#memory.drops(commit.cluster), record, drops);
    this.#memory.notify(commit.cluster);
    const { epoch } = this.#head(commit.cluster);
    return { kind: 'committed', epoch, record, ...(drops === undefined ? {} : { hasDrops: true }) };
  }

  async dropOrders(cluster: string, since: number): Promise<StoredDropOrders> {
    const { clock } = this.#opened();
    const { epoch, latest } = this.#head(cluster);
    const version = latest?.version ?? 0;
    return { epoch, ...ordersAbove(this.#memory.drops(cluster), { since, version, now: clock.now() }) };
  }

  async clusters(): Promise<readonly ClusterRecord[]> {
    const names = [...this.#memory.clusters].filter(
      ([, { versions, nodes }]) => versions.length > 0 || nodes.size > 0,
    );
    const slice = new TimeSlice();
    const records: ClusterRecord[] = [];
    for (const [cluster] of names) {
      records.push({ cluster, ...this.#head(cluster) });
      await slice.rest();
    }
    return records.sort(byName);
  }

  async deleteCluster(name: string): Promise<boolean> {
    const { clock } = this.#opened();
    const cluster = this.#memory.clusters.get(name);
    if (cluster === undefined) return false;
    this.#memory.generations.set(name, nextNumber(this.#memory.highestVersion(name), clock.now()));
    this.#memory.clusters.delete(name);
    this.#nodes.forgetAll(name);
    this.#memory.notify(name);
    return true;
  }

  async newHistory(cluster: string, minVersion: number): Promise<NewHistory> {
    const { clock } = this.#opened();
    const storeId = this.#memory.id ?? '';
    const previous = this.#memory.highestVersion(cluster);
    return newHistoryOf({ storeId, cluster, previous }, clock.now(), minVersion);
  }

  async addNode(cluster: string, node: NodeDetails, progress?: NodeProgress): Promise<number> {
    return this.#nodes.add(cluster, node, progress);
  }

  heartbeat(cluster: string, nodeId: number, leaving = false, progress?: NodeProgress): HeartbeatResult {
    return this.#nodes.heartbeat(cluster, nodeId, leaving, progress);
  }

  noteHeld(cluster: string, nodeId: number, progress: NodeProgress): void {
    this.#nodes.noteHeld(cluster, nodeId, progress);
  }

  async setReport(cluster: string, nodeId: number, report: string): Promise<boolean> {
    return this.#nodes.setReport(cluster, nodeId, report);
  }

  async updateNode(cluster: string, nodeId: number, node: NodeDetails): Promise<NodeUpdate> {
    return this.#nodes.update(cluster, nodeId, node);
  }

  async removeNode(cluster: string, nodeId: number): Promise<boolean> {
    return this.#nodes.remove(cluster, nodeId);
  }

  async nodes(cluster: string): Promise<readonly StoredNode[]> {
    return this.#nodes.list(cluster);
  }

  watch(onChange: (cluster: string | undefined) => void): () => void {
    // A wrapper, so that the same function may be registered twice.
    const listener = (cluster: string) => onChange(cluster);
    const unwatch = () => {
      this.#memory.listeners.delete(listener);
      this.#unwatch.delete(unwatch);
    };
    this.#memory.listeners.add(listener);
    this.#unwatch.add(unwatch);
    return unwatch;
  }

  get #memory(): Memory {
    return this.#shared.memory;
  }

  get #nodes(): MemoryNodes {
    return this.#shared.nodes ?? notOpen();
  }

  #head(name: string): Head {
    this.#opened();
    return this.#memory.head(name);
  }

  #opened(): StoreContext {
    return this.#context ?? notOpen();
  }
}

const byName = (a: ClusterRecord, b: ClusterRecord) => (a.cluster < b.cluster ? -1 : 1);

function notOpen(): never {
  throw new CfluxError('NOT_OPEN', 'the store is not open');
}
