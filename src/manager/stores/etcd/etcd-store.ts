import type { CertificateInfo } from '../../../certificates.js';
import { debugLog } from '../../../debug-log.js';
import { CfluxError } from '../../../errors.js';
import type { NodeProgress } from '../../../protocol/node-progress.js';
import type {
  ClusterRecord,
  Commit,
  CommitResult,
  Head,
  HeartbeatResult,
  ManagerInfo,
  ManagerStore,
  NewHistory,
  NodeDetails,
  NodeUpdate,
  StoreContext,
  StoredNode,
  VersionRecord,
} from '../../manager-store.js';
import type { Pusher } from '../../pushes/pusher.js';
import { epochOf, newHistoryOf } from '../numbering.js';
import { isCompacted } from './api/etcd-errors.js';
import { checkEtcdOptions, type EtcdOptions } from './connect/etcd-options.js';
import { revisionWentBack } from './connect/revision-guard.js';
import { type EtcdParts, openParts } from './etcd-parts.js';
import { checkHealth } from './upkeep/health.js';
import { deleteCluster } from './versions/delete-cluster.js';
import { listClusters } from './versions/list-clusters.js';
import { keptOf, type StoredHead } from './versions/stored-head.js';

const debug = debugLog('cflux:etcd');

/** A version may be removed between finding and reading it: then the read is retried. */
const maxReads = 5;

/**
 * Stores everything in etcd (3.4 or later), which any number of managers share: each of them can serve any node.
 *
 * Needs the package `@grpc/grpc-js`. The managers compact revisions that their changes made obsolete. They detect when etcd is restored
 * from a backup, or emptied, and reload everything.
 *
 * @example
 * ```ts
 * const endpoints = ['http://10.0.0.1:2379', 'http://10.0.0.2:2379', 'http://10.0.0.3:2379'];
 * const manager = new Manager({ store: new EtcdStore({ endpoints }) });
 * ```
 */
export class EtcdStore implements ManagerStore {
  readonly name: string;
  readonly #options: EtcdOptions;
  readonly #listeners = new Set<(cluster: string | undefined) => void>();
  #context: StoreContext | undefined;
  #opening: Promise<EtcdParts> | undefined;
  #certificates: () => readonly CertificateInfo[] = () => [];
  /** Unknown while the parts are reopened. */
  #knowsNodesSince = () => Number.POSITIVE_INFINITY;
  /** The announcement of this manager, repeated whenever the parts are reopened. */
  #self: ManagerInfo | undefined;

  /** @throws CfluxError `INVALID_OPTION` */
  constructor(options: EtcdOptions) {
    checkEtcdOptions(options);
    this.name = `etcd at ${[options.endpoints].flat().join(',')}`;
    this.#options = options;
  }

  /** Its client certificate and its authorities; available once the store is open. */
  get certificates(): readonly CertificateInfo[] {
    return this.#certificates();
  }

  async open(context: StoreContext): Promise<void> {
    this.#context ??= context;
    try {
      await this.#parts();
    } catch (error) {
      this.#context = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#context = undefined;
    this.#opening = undefined;
    this.#listeners.clear();
    // A store that failed to open has nothing to close.
    const parts = await opening?.catch(() => undefined);
    await parts?.close();
  }

  async check(): Promise<void> {
    await checkHealth(await this.#parts());
  }

  async head(cluster: string): Promise<Head> {
    const parts = await this.#parts();
    const { head } = await parts.heads.read(cluster);
    return headOf(parts, cluster, head);
  }

  async read(cluster: string, version: number): Promise<Uint8Array | undefined> {
    const { heads, pieces } = await this.#parts();
    const isIt = ({ record }: { readonly record: VersionRecord }) => record.version === version;
    const known = heads.known(cluster);
    let current = known?.head.versions.some(isIt) ? known : await heads.read(cluster);
    for (let reads = 0; reads < maxReads; reads++) {
      const stored = current.head.versions.find(isIt);
      if (stored === undefined) return undefined;
      try {
        const { upload, record } = stored;
        const snapshot = await pieces.read(cluster, upload, record.size, current.revision);
        if (snapshot !== undefined) return snapshot;
      } catch (error) {
        if (!isCompacted(error)) throw error;
      }
      current = await heads.read(cluster);
    }
    throw new CfluxError(
      'STORAGE_FAILED',
      `etcd is damaged: version ${version} of cluster ${cluster} is incomplete`,
    );
  }

  async history(cluster: string): Promise<readonly VersionRecord[]> {
    return (await this.head(cluster)).retained ?? [];
  }

  async commit(commit: Commit, signal?: AbortSignal): Promise<CommitResult> {
    const { commits } = await this.#parts();
    return commits.commit(commit, signal);
  }

  readonly pushQueue = {
    yield: (cluster: string, pusher: Pusher) => {
      this.#opening?.then(
        ({ turns }) => turns.yield(cluster, pusher),
        () => {},
      );
    },
  };

  async clusters(): Promise<readonly ClusterRecord[]> {
    const parts = await this.#parts();
    const clusters = await listClusters(parts);
    return clusters.map(({ cluster, head }) => ({ cluster, ...headOf(parts, cluster, head) }));
  }

  async deleteCluster(cluster: string): Promise<boolean> {
    return deleteCluster(await this.#parts(), cluster);
  }

  async newHistory(cluster: string, minVersion: number): Promise<NewHistory> {
    const { heads, storeId, context } = await this.#parts();
    const { generation, versions } = (await heads.read(cluster)).head;
    const previous = versions[0]?.record.version ?? generation;
    return newHistoryOf({ storeId, cluster, previous }, context.clock.now(), minVersion);
  }

  async addNode(cluster: string, node: NodeDetails, progress?: NodeProgress): Promise<number> {
    const { nodes } = await this.#parts();
    return nodes.add(cluster, node, progress);
  }

  async heartbeat(
    cluster: string,
    nodeId: number,
    leaving = false,
    progress?: NodeProgress,
  ): Promise<HeartbeatResult> {
    const { nodes } = await this.#parts();
    return leaving ? nodes.leave(cluster, nodeId, progress) : nodes.heartbeat(cluster, nodeId, progress);
  }

  noteHeld(cluster: string, nodeId: number, progress: NodeProgress): void {
    this.#opening?.then(
      ({ nodes }) => nodes.noteHeld(cluster, nodeId, progress),
      () => {},
    );
  }

  async setReport(cluster: string, nodeId: number, report: string): Promise<boolean> {
    const { nodes } = await this.#parts();
    return nodes.setReport(cluster, nodeId, report);
  }

  async updateNode(cluster: string, nodeId: number, node: NodeDetails): Promise<NodeUpdate> {
    const { nodes } = await this.#parts();
    return nodes.update(cluster, nodeId, node);
  }

  async removeNode(cluster: string, nodeId: number): Promise<boolean> {
    const { nodes } = await this.#parts();
    return nodes.remove(cluster, nodeId);
  }

  async nodes(cluster: string): Promise<readonly StoredNode[]> {
    const { nodes } = await this.#parts();
    return nodes.list(cluster);
  }

  knowsNodesSince(): number {
    return this.#knowsNodesSince();
  }

  watch(onChange: (cluster: string | undefined) => void): () => void {
    this.#listeners.add(onChange);
    return () => this.#listeners.delete(onChange);
  }

  async announce(self: ManagerInfo): Promise<void> {
    this.#self = self;
    const { presence } = await this.#parts();
    await presence.announce(self);
  }

  async managers(): Promise<readonly ManagerInfo[]> {
    const { presence } = await this.#parts();
    return presence.list();
  }

  #parts(): Promise<EtcdParts> {
    if (this.#context === undefined) {
      throw new CfluxError('NOT_OPEN', 'the store is not open', { outcome: 'notApplied' });
    }
    // Undefined if reopening failed after the revision went backwards: try again.
    this.#opening ??= this.#openAfter(Promise.resolve(), this.#context);
    return this.#opening;
  }

  #openAfter(before: Promise<unknown>, context: StoreContext): Promise<EtcdParts> {
    const opening = before.then(async () => {
      const parts = await openParts(this.#options, context, {
        onChange: (cluster) => this.#notify(cluster),
        onWentBack: () => {
          if (this.#opening === opening) this.#reopen(opening, context);
        },
      });
      this.#certificates = () => parts.connection.certificates;
      this.#knowsNodesSince = () => parts.nodes.knownSince;
      if (this.#self) await parts.presence.announce(this.#self);
      return parts;
    });
    const failed = () => {
      if (this.#opening === opening) this.#opening = undefined;
    };
    opening.then(() => this.#notify(undefined), failed);
    return opening;
  }

  /** Reopens everything: the parts' caches belong to a history that etcd has lost. */
  #reopen(lost: Promise<EtcdParts>, context: StoreContext): void {
    debug('etcd revision went backwards');
    this.#knowsNodesSince = () => Number.POSITIVE_INFINITY;
    const closed = lost.then((parts) => parts.close(revisionWentBack('notApplied'))).catch(() => undefined);
    this.#opening = this.#openAfter(closed, context);
  }

  #notify(cluster: string | undefined): void {
    for (const onChange of this.#listeners) onChange(cluster);
  }
}

function headOf({ storeId }: EtcdParts, cluster: string, head: StoredHead): Head {
  const retained = keptOf(head);
  return { epoch: epochOf(storeId, cluster, head.generation), latest: retained[0], retained };
}
