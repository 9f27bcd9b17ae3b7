import { CfluxError } from '../../errors.js';
import type { NodeProgress } from '../../protocol/node-progress.js';
import type { NodeKind } from '../../protocol/nodes.js';
import { randomUuid } from '../../random.js';
import { checkCommit } from '../check-commit.js';
import { dropsOf, hasDropsOf, ordersAbove, type StoredDrops, withDrops } from '../drops/stored-drops.js';
import { tooManyNodes } from '../limits.js';
import { Liveness } from '../liveness.js';
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
} from '../manager-store.js';
import { checkReportRoom } from '../nodes/report-room.js';
import { TrackedNodes } from '../nodes/tracked-nodes.js';
import { TimeSlice } from '../time-slice.js';
import { isSameNode } from './node-set.js';
import { epochOf, firstGeneration, newHistoryOf, nextNumber, recordOf } from './numbering.js';

interface KeptVersion {
  readonly record: VersionRecord;
  readonly snapshot: Uint8Array;
}

interface Cluster {
  /** Newest last. */
  readonly versions: KeptVersion[];
  /** Version by mutation id, oldest first. */
  readonly mutations: Map<string, { readonly version: number; readonly at: number }>;
  readonly nodes: Map<number, MemoryNode>;
  drops?: StoredDrops;
}

interface MemoryNode {
  info: NodeDetails & { readonly id: number };
  /** It reported that it shuts down, and has sent no heartbeat since. */
  left: boolean;
  /** What it was when the store was last closed. */
  kind?: NodeKind | undefined;
  report?: string | undefined;
}

/** State shared by the stores on the same memory. */
class Memory {
  readonly clusters = new Map<string, Cluster>();
  /** Highest version of a deleted cluster, by its name. */
  readonly generations = new Map<string, number>();
  readonly listeners = new Set<(cluster: string) => void>();
  /** Open stores on this memory. */
  readonly users = new Set<MemoryStore>();
  liveness: Liveness | undefined;
  tracked: TrackedNodes | undefined;
  id: string | undefined;
  lastNodeId = 0;
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
  #memory = new Memory();
  #context: StoreContext | undefined;
  readonly #unwatch = new Set<() => void>();

  /** Creates another store on the same memory, for a second manager of this process. */
  share(): MemoryStore {
    const other = new MemoryStore();
    other.#memory = this.#memory;
    return other;
  }

  async open(context: StoreContext): Promise<void> {
    this.#context = context;
    const memory = this.#memory;
    memory.users.add(this);
    memory.id ??= randomUuid(context.random);
    if (memory.liveness !== undefined) return;
    memory.liveness = new Liveness(context.clock, context.nodeTtl);
    memory.tracked = new TrackedNodes(context.clock, context.nodeTtl);
    for (const [cluster, { nodes }] of memory.clusters) {
      for (const { info, left } of nodes.values()) if (!left) memory.liveness.heartbeat(cluster, info.id);
    }
  }

  async close(): Promise<void> {
    const memory = this.#memory;
    for (const unwatch of this.#unwatch) unwatch();
    memory.users.delete(this);
    if (memory.users.size > 0) return;
    for (const [name, { nodes }] of memory.clusters) {
      for (const [id, node] of nodes) node.kind = memory.tracked?.kindOf(name, id) ?? node.kind;
    }
    memory.liveness?.close();
    memory.liveness = undefined;
    memory.tracked = undefined;
  }

  async check(): Promise<void> {}

  async head(cluster: string): Promise<Head> {
    return this.#head(cluster);
  }

  async read(cluster: string, version: number): Promise<Uint8Array | undefined> {
    return this.#memory.clusters.get(cluster)?.versions.find(({ record }) => record.version === version)
      ?.snapshot;
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
      return { ...refusal, hasDrops: hasDropsOf(this.#drops(commit.cluster), commit.mutation) };
    }
    if (refusal !== undefined) return refusal;

    const { latest } = head;
    const stored = this.#memory.generations.get(commit.cluster) ?? 0;
    const generation = latest === undefined ? firstGeneration(commit, stored) : stored;
    const previous = latest?.version ?? generation;
    const record = recordOf(commit, previous, clock.now());
    if (generation !== stored) this.#memory.generations.set(commit.cluster, generation);
    const cluster = this.#cluster(commit.cluster);
    cluster.versions.push({ record, snapshot: commit.snapshot });
    if (cluster.versions.length > keepVersions) cluster.versions.shift();
    const now = clock.monotonic();
    cluster.mutations.set(commit.mutation, { version: record.version, at: now });
    for (const [mutation, { at }] of cluster.mutations) {
      if (now - at <= mutationMemory) break;
      cluster.mutations.delete(mutation);
    }
    const { drops } = commit;
    if (drops !== undefined) cluster.drops = withDrops(this.#drops(commit.cluster), record, drops);
    this.#notify(commit.cluster);
    const { epoch } = this.#head(commit.cluster);
    return { kind: 'committed', epoch, record, ...(drops === undefined ? {} : { hasDrops: true }) };
  }

  async dropOrders(cluster: string, since: number): Promise<StoredDropOrders> {
    const { clock } = this.#opened();
    const { epoch, latest } = this.#head(cluster);
    const version = latest?.version ?? 0;
    return { epoch, ...ordersAbove(this.#drops(cluster), { since, version, now: clock.now() }) };
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
    this.#memory.clusters.delete(name);
    this.#memory.generations.set(name, nextNumber(this.#highest(name, cluster), clock.now()));
    for (const id of cluster.nodes.keys()) this.#end(name, id);
    this.#notify(name);
    return true;
  }

  async newHistory(cluster: string, minVersion: number): Promise<NewHistory> {
    const { clock } = this.#opened();
    const storeId = this.#memory.id ?? '';
    const previous = this.#highest(cluster, this.#memory.clusters.get(cluster));
    return newHistoryOf({ storeId, cluster, previous }, clock.now(), minVersion);
  }

  async addNode(
    cluster: string,
    { ip, hostname, bindAddress }: NodeDetails,
    progress?: NodeProgress,
  ): Promise<number> {
    const { clock, maxNodes } = this.#opened();
    if ((this.#memory.clusters.get(cluster)?.nodes.size ?? 0) >= maxNodes) throw tooManyNodes(maxNodes);
    this.#memory.lastNodeId = nextNumber(this.#memory.lastNodeId, clock.now());
    const id = this.#memory.lastNodeId;
    this.#cluster(cluster).nodes.set(id, { info: { id, ip, hostname, bindAddress }, left: false });
    this.#memory.liveness?.heartbeat(cluster, id);
    if (progress !== undefined) this.#memory.tracked?.registered(cluster, id, progress);
    return id;
  }

  heartbeat(cluster: string, nodeId: number, leaving = false, progress?: NodeProgress): HeartbeatResult {
    const node = this.#memory.clusters.get(cluster)?.nodes.get(nodeId);
    if (node === undefined) return false;
    if (
      progress !== undefined &&
      this.#memory.tracked?.heartbeat(cluster, nodeId, progress) === 'duplicate'
    ) {
      return 'duplicate';
    }
    node.left = leaving;
    if (leaving) this.#memory.liveness?.end(cluster, nodeId);
    else this.#memory.liveness?.heartbeat(cluster, nodeId);
    return true;
  }

  noteHeld(cluster: string, nodeId: number, progress: NodeProgress): void {
    if (!this.#memory.clusters.get(cluster)?.nodes.has(nodeId)) return;
    this.#memory.tracked?.poll(cluster, nodeId, progress);
  }

  async setReport(cluster: string, nodeId: number, report: string): Promise<boolean> {
    const nodes = this.#memory.clusters.get(cluster)?.nodes;
    const node = nodes?.get(nodeId);
    if (nodes === undefined || node === undefined) return false;
    let others = 0;
    for (const each of nodes.values()) if (each !== node) others += Buffer.byteLength(each.report ?? '');
    checkReportRoom(others, Buffer.byteLength(report));
    node.report = report;
    return true;
  }

  async updateNode(
    cluster: string,
    nodeId: number,
    { ip, hostname, bindAddress }: NodeDetails,
  ): Promise<NodeUpdate> {
    const node = this.#memory.clusters.get(cluster)?.nodes.get(nodeId);
    if (node === undefined) return 'unknown';
    const info = { id: nodeId, ip, hostname, bindAddress };
    if (isSameNode(node.info, info)) return 'unchanged';
    node.info = info;
    return 'changed';
  }

  async removeNode(cluster: string, nodeId: number): Promise<boolean> {
    this.#end(cluster, nodeId);
    const known = this.#memory.clusters.get(cluster);
    const existed = known?.nodes.delete(nodeId) ?? false;
    if (known?.nodes.size === 0 && known.versions.length === 0) this.#memory.clusters.delete(cluster);
    return existed;
  }

  async nodes(cluster: string): Promise<readonly StoredNode[]> {
    const nodes = [...(this.#memory.clusters.get(cluster)?.nodes.values() ?? [])];
    const slice = new TimeSlice();
    const listed: StoredNode[] = [];
    for (const { info, kind, report, left } of nodes) {
      const alive = this.#memory.liveness?.isAlive(cluster, info.id) ?? false;
      const progress = this.#memory.tracked?.progress(cluster, info.id) ?? (kind && { kind });
      listed.push({
        ...info,
        alive,
        ...(left && !alive ? { left } : {}),
        ...(progress === undefined ? {} : { progress }),
        ...(report === undefined ? {} : { reportJson: report }),
      });
      await slice.rest();
    }
    return listed;
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

  #head(name: string): Head {
    this.#opened();
    const epoch = epochOf(this.#memory.id ?? '', name, this.#memory.generations.get(name) ?? 0);
    const versions = this.#memory.clusters.get(name)?.versions ?? [];
    return {
      epoch,
      latest: versions.at(-1)?.record,
      retained: versions.map(({ record }) => record).reverse(),
    };
  }

  #drops(name: string): StoredDrops {
    return dropsOf(this.#memory.clusters.get(name)?.drops, this.#memory.generations.get(name) ?? 0);
  }

  /** Returns the highest version that was ever used under this name. */
  #highest(name: string, cluster: Cluster | undefined): number {
    return cluster?.versions.at(-1)?.record.version ?? this.#memory.generations.get(name) ?? 0;
  }

  #cluster(name: string): Cluster {
    const existing = this.#memory.clusters.get(name);
    if (existing !== undefined) return existing;
    const cluster: Cluster = { versions: [], mutations: new Map(), nodes: new Map() };
    this.#memory.clusters.set(name, cluster);
    return cluster;
  }

  #end(cluster: string, nodeId: number): void {
    this.#memory.liveness?.end(cluster, nodeId);
    this.#memory.tracked?.forget(cluster, nodeId);
  }

  #notify(cluster: string): void {
    for (const onChange of this.#memory.listeners) onChange(cluster);
  }

  #opened(): StoreContext {
    if (this.#context === undefined) throw new CfluxError('NOT_OPEN', 'the store is not open');
    return this.#context;
  }
}

const byName = (a: ClusterRecord, b: ClusterRecord) => (a.cluster < b.cluster ? -1 : 1);
