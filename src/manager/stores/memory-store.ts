import { CfluxError } from '../../errors.js';
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
import { epochOf, nextNumber } from './numbering.js';

interface KeptVersion {
  readonly record: VersionRecord;
  readonly snapshot: Uint8Array;
}

interface Cluster {
  /** Newest last. */
  readonly versions: KeptVersion[];
  /** Version by mutation id, oldest first. */
  readonly mutations: Map<string, { readonly version: number; readonly at: number }>;
  readonly nodes: Map<number, Omit<NodeInfo, 'alive'>>;
}

/** Keeps everything in this process: for tests, trials and clusters whose nodes can seed it again (R11). */
export class MemoryStore implements ManagerStore {
  readonly name = 'memory';
  readonly #clusters = new Map<string, Cluster>();
  /** Highest version of a deleted cluster, by its name. */
  readonly #generations = new Map<string, number>();
  readonly #listeners = new Set<(cluster: string) => void>();
  #id: string | undefined;
  #lastNodeId = 0;
  #context: StoreContext | undefined;
  #liveness: Liveness | undefined;
  #openings = 0;

  async open(context: StoreContext): Promise<void> {
    this.#openings += 1;
    if (this.#openings > 1) return;
    this.#id ??= randomUuid(context.random);
    this.#context = context;
    const liveness = new Liveness(context.clock, context.nodeTtl);
    this.#liveness = liveness;
    for (const [cluster, { nodes }] of this.#clusters) {
      for (const node of nodes.values()) liveness.beat(nodeKey(cluster, node.id));
    }
  }

  async close(): Promise<void> {
    this.#openings = Math.max(0, this.#openings - 1);
    if (this.#openings > 0) return;
    this.#liveness?.close();
    this.#listeners.clear();
  }

  async check(): Promise<void> {}

  async head(cluster: string): Promise<Head> {
    return this.#head(cluster);
  }

  async read(cluster: string, version: number): Promise<Uint8Array | undefined> {
    return this.#clusters.get(cluster)?.versions.find(({ record }) => record.version === version)?.snapshot;
  }

  async history(cluster: string): Promise<readonly VersionRecord[]> {
    const versions = this.#clusters.get(cluster)?.versions ?? [];
    return versions.map(({ record }) => record).reverse();
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const { clock, history, mutationMemory } = this.#opened();
    const { epoch, latest } = this.#head(commit.cluster);
    const earlier = this.#clusters.get(commit.cluster)?.mutations.get(commit.mutation);
    if (earlier !== undefined) return { kind: 'repeated', epoch, version: earlier.version };
    if (commit.epoch !== undefined && commit.epoch !== epoch) return { kind: 'foreignEpoch', epoch };
    if (latest !== undefined && latest.version !== commit.base) return { kind: 'conflict', epoch, latest };

    const previous = latest?.version ?? this.#generations.get(commit.cluster) ?? 0;
    const record: VersionRecord = {
      version: nextNumber(previous, clock.now(), commit.above),
      mutation: commit.mutation,
      at: clock.now(),
      size: commit.snapshot.byteLength,
      nodeId: commit.nodeId,
      author: commit.author,
    };
    const cluster = this.#cluster(commit.cluster);
    cluster.versions.push({ record, snapshot: commit.snapshot });
    if (cluster.versions.length > history) cluster.versions.shift();
    const now = clock.monotonic();
    cluster.mutations.set(commit.mutation, { version: record.version, at: now });
    for (const [mutation, { at }] of cluster.mutations) {
      if (now - at <= mutationMemory) break;
      cluster.mutations.delete(mutation);
    }
    this.#tell(commit.cluster);
    return { kind: 'committed', epoch, record };
  }

  async clusters(): Promise<readonly ClusterRecord[]> {
    const names = [...this.#clusters].filter(
      ([, { versions, nodes }]) => versions.length > 0 || nodes.size > 0,
    );
    return names.map(([cluster]) => ({ cluster, ...this.#head(cluster) })).sort(byName);
  }

  async deleteCluster(name: string, above = 0): Promise<boolean> {
    const cluster = this.#clusters.get(name);
    const { latest } = this.#head(name);
    const generation = this.#generations.get(name) ?? 0;
    this.#clusters.delete(name);
    this.#generations.set(name, nextNumber(latest?.version ?? generation, this.#opened().clock.now(), above));
    for (const id of cluster?.nodes.keys() ?? []) this.#liveness?.end(nodeKey(name, id));
    this.#tell(name);
    return cluster !== undefined;
  }

  async addNode(cluster: string, { ip, hostname, bindAddress }: KnownNode): Promise<number> {
    const { clock, mostNodes } = this.#opened();
    if ((this.#clusters.get(cluster)?.nodes.size ?? 0) >= mostNodes) throw tooManyNodes(mostNodes);
    this.#lastNodeId = nextNumber(this.#lastNodeId, clock.now());
    const id = this.#lastNodeId;
    this.#cluster(cluster).nodes.set(id, { id, ip, hostname, bindAddress });
    this.#liveness?.beat(nodeKey(cluster, id));
    return id;
  }

  async beat(cluster: string, nodeId: number, leaving = false): Promise<boolean> {
    if (this.#clusters.get(cluster)?.nodes.has(nodeId) !== true) return false;
    if (leaving) this.#liveness?.end(nodeKey(cluster, nodeId));
    else this.#liveness?.beat(nodeKey(cluster, nodeId));
    return true;
  }

  async removeNode(cluster: string, nodeId: number): Promise<boolean> {
    this.#liveness?.end(nodeKey(cluster, nodeId));
    return this.#clusters.get(cluster)?.nodes.delete(nodeId) ?? false;
  }

  async nodes(cluster: string): Promise<readonly NodeInfo[]> {
    const nodes = [...(this.#clusters.get(cluster)?.nodes.values() ?? [])];
    return nodes.map((node) => ({
      ...node,
      alive: this.#liveness?.isAlive(nodeKey(cluster, node.id)) ?? false,
    }));
  }

  watch(onChange: (cluster: string | undefined) => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }

  #head(name: string): Head {
    this.#opened();
    const epoch = epochOf(this.#id ?? '', name, this.#generations.get(name) ?? 0);
    return { epoch, latest: this.#clusters.get(name)?.versions.at(-1)?.record };
  }

  #cluster(name: string): Cluster {
    const existing = this.#clusters.get(name);
    if (existing !== undefined) return existing;
    const cluster: Cluster = { versions: [], mutations: new Map(), nodes: new Map() };
    this.#clusters.set(name, cluster);
    return cluster;
  }

  #tell(cluster: string): void {
    for (const onChange of this.#listeners) onChange(cluster);
  }

  #opened(): StoreContext {
    if (this.#context === undefined) throw new CfluxError('NOT_OPEN', 'the store is not open');
    return this.#context;
  }
}

const nodeKey = (cluster: string, nodeId: number) => `${nodeId} ${cluster}`;
const byName = (a: ClusterRecord, b: ClusterRecord) => (a.cluster < b.cluster ? -1 : 1);
