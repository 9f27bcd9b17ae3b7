import { decodeMetadata, encodeMetadata, type MetaData } from 'clusterflux';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { FakeManager, type FaultyTransportOptions, ManualClock, seededRandom } from 'clusterflux/testing';
import type { ManagerStore } from '../../../src/manager/manager-store.js';
import { onTopOf } from '../../../src/meta/on-top-of.js';
import type { Random } from '../../../src/random.js';
import type { Transport } from '../../../src/transport/transport.js';
import type { Tampering } from './delta-proxy.js';
import { balanced, DeltaProxy, snapshotsOnly } from './delta-proxy.js';
import { entriesOf } from './journal.js';
import { SickNeighbour } from './sick-neighbour.js';
import { SimulatedNode } from './simulated-node.js';

/** A version as the store took it. */
export interface StoredVersion {
  readonly epoch: string;
  readonly version: number;
  readonly mutation: string;
  readonly data: MetaData;
  readonly entries: readonly string[];
  /** The databases whose drop its push ordered. */
  readonly ordered: readonly string[];
}

/** A manager, nodes with bad networks between, and one clock, all decided by a seed. */
export class World {
  readonly clock = new ManualClock();
  readonly random: Random;
  readonly nodes: SimulatedNode[] = [];
  /** Every version that any manager of this world stored, in order. */
  readonly history: StoredVersion[] = [];
  readonly fake: FakeManager;
  readonly #proxies: DeltaProxy[] = [];
  readonly #deltas: Uint8Array[] = [];
  readonly #sick: SickNeighbour[] = [];
  /** The data of the present managers. */
  #memory = new MemoryStore();
  #copy: { readonly memory: MemoryStore; readonly versions: number } | undefined;
  /** A second manager on the same data, of a release without deltas. */
  #older: Manager | undefined;
  readonly #faults: FaultyTransportOptions['faults'];
  readonly #seed: number;

  constructor(seed = 1, options: { faults?: (random: Random) => FaultyTransportOptions['faults'] } = {}) {
    this.#seed = seed;
    this.random = seededRandom(seed);
    this.#faults = options.faults?.(this.random);
    const { clock, random } = this;
    this.fake = new FakeManager({ clock, random, newStore: () => this.#recording(this.#memory) });
    this.#startOlder();
  }

  addNode(): SimulatedNode {
    const managers = this.#older === undefined ? this.fake.transport : this.#balancer();
    const proxy = new DeltaProxy(this.#usesDeltas ? managers : snapshotsOnly(managers), this.#deltas);
    this.#proxies.push(proxy);
    const node = new SimulatedNode(`node${this.nodes.length + 1}`, {
      transport: proxy.transport,
      clock: this.clock,
      random: this.random,
      faults: this.#faults,
    });
    this.nodes.push(node);
    return node;
  }

  /** In half of all worlds nodes use deltas; in half of those, one in two nodes is older and does not. */
  get #usesDeltas(): boolean {
    const isMixed = (this.#seed & 2) === 0;
    return (this.#seed & 1) === 0 && !(isMixed && this.nodes.length % 2 === 1);
  }

  /** In a quarter of all worlds, half of those with deltas, an older manager is behind the same balancer. */
  #startOlder(): void {
    if ((this.#seed & 5) !== 4) return;
    const { clock, random } = this;
    this.#older = new Manager({ clock, random, store: this.#recording(this.#memory.share()) });
  }

  #balancer(): Transport {
    const older: Transport = snapshotsOnly({
      ...this.fake.transport,
      push: (request, options) => this.#olderTransport.push(request, options),
      poll: (request, options) => this.#olderTransport.poll(request, options),
    });
    return balanced([this.fake.transport, older], this.random);
  }

  get #olderTransport(): LocalTransport {
    if (this.#older === undefined) throw new Error('this world has one manager');
    return new LocalTransport(this.#older);
  }

  /** Starts a second process on a copy of the disk of `node`, with the same node id. */
  clone(node: SimulatedNode): SimulatedNode {
    const clone = this.addNode();
    clone.copyFrom(node);
    return clone;
  }

  /** A proxy tampers with the next delta of a node. */
  tamper(number: number, how: Tampering): void {
    this.#proxies[number]?.tamperNext(how);
  }

  /** Proxies tamper with nothing any more. */
  forgetTampering(): void {
    for (const proxy of this.#proxies) proxy.forget();
  }

  /** An operator makes an older version current again, as `cflux rollback` does (R25). */
  async rollBack(by: number): Promise<void> {
    const { manager } = this.fake;
    const cluster = 'world';
    const [newest, ...older] = await manager.history(cluster);
    const wanted = older[Math.min(by, older.length) - 1];
    if (newest === undefined || wanted === undefined) return;
    const read = async (version: number) => decodeMetadata(await manager.version(cluster, version));
    const data = onTopOf(await read(newest.version), await read(wanted.version));
    const mutation = `rollback-${this.history.length}`;
    await manager.push({ cluster, version: newest.version, snapshot: encodeMetadata(data), mutation });
  }

  copyStore(): void {
    this.#copy = { memory: this.#memory.copy(), versions: this.history.length };
  }

  /** The managers start again on the data of the copy, with the same epoch and fewer versions. */
  async restoreStore(): Promise<void> {
    if (this.#copy === undefined) return;
    this.#memory = this.#copy.memory.copy();
    this.history.length = Math.min(this.history.length, this.#copy.versions);
    await this.#replaceManagers();
  }

  async #replaceManagers(): Promise<void> {
    const older = this.#older;
    await this.run(this.fake.wipe());
    this.#startOlder();
    if (older !== undefined) await this.run(older.close());
  }

  /** Somebody that is none of the nodes pushes from an old version from now on, again and again. */
  sicken({ isNode }: { readonly isNode: boolean }): void {
    const number = this.#sick.length;
    const nodeId = isNode ? 9_000 + number : undefined;
    const neighbour = new SickNeighbour(this.fake.transport, this.clock, `sick-${number}`, nodeId);
    this.#sick.push(neighbour);
    neighbour.start();
  }

  /** The versions that each node has had, by each of its ids. */
  acceptedByNode(): ReadonlyMap<number, ReadonlySet<number>> {
    const versions = new Map<number, Set<number>>();
    for (const { ids, accepted } of this.nodes) {
      for (const id of ids) versions.set(id, new Set([...(versions.get(id) ?? []), ...accepted]));
    }
    return versions;
  }

  /** Nobody is sick any more. */
  cure(): void {
    for (const neighbour of this.#sick) neighbour.stop();
  }

  /** The manager is replaced by one that has nothing. */
  async wipeManager(): Promise<void> {
    this.#memory = new MemoryStore();
    await this.#replaceManagers();
  }

  /** The manager's process is replaced by another one on the same data. */
  async restartManager(): Promise<void> {
    await this.run(this.fake.restart());
  }

  /** Runs `promise` and whatever time it needs. */
  run<T>(promise: Promise<T>): Promise<T> {
    return this.clock.runUntil(promise);
  }

  async close(): Promise<void> {
    this.cure();
    await this.run(Promise.all(this.nodes.filter(({ alive }) => alive).map(({ client }) => client.close())));
    await this.run(this.fake.close());
    if (this.#older !== undefined) await this.run(this.#older.close());
  }

  /** `store`, whose every new version is written down. */
  #recording(store: ManagerStore): ManagerStore {
    const commit = store.commit.bind(store);
    store.commit = async (request) => {
      const result = await commit(request);
      if (result.kind === 'committed') {
        const { epoch, record } = result;
        const { version, mutation } = record;
        const data = decodeMetadata(request.snapshot);
        const ordered = (request.drops?.orders ?? []).map(({ database }) => database);
        this.history.push({ epoch, version, mutation, data, entries: entriesOf(data), ordered });
      }
      return result;
    };
    return store;
  }
}
