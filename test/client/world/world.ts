import { decodeMetadata, type MetaData } from 'clusterflux';
import { MemoryStore } from 'clusterflux/manager';
import { FakeManager, type FaultyTransportOptions, ManualClock, seededRandom } from 'clusterflux/testing';
import type { ManagerStore } from '../../../src/manager/manager-store.js';
import type { Random } from '../../../src/random.js';
import type { Transport } from '../../../src/transport/transport.js';
import { entriesOf } from './journal.js';
import { SickNeighbour } from './sick-neighbour.js';
import { SimulatedNode } from './simulated-node.js';

/** A transport of a release without deltas. */
const snapshotsOnly = (transport: Transport): Transport => ({
  ...transport,
  push: ({ delta: _, acceptsDelta: __, ...request }, options) => transport.push(request, options),
  poll: ({ acceptsDelta: _, ...request }, options) => transport.poll(request, options),
});

/** A version as the store took it. */
export interface StoredVersion {
  readonly epoch: string;
  readonly version: number;
  readonly mutation: string;
  readonly data: MetaData;
  readonly entries: readonly string[];
}

/** A manager, nodes with bad networks between, and one clock, all decided by a seed. */
export class World {
  readonly clock = new ManualClock();
  readonly random: Random;
  readonly nodes: SimulatedNode[] = [];
  /** Every version that any manager of this world stored, in order. */
  readonly history: StoredVersion[] = [];
  readonly fake: FakeManager;
  readonly #sick: SickNeighbour[] = [];
  readonly #faults: FaultyTransportOptions['faults'];
  readonly #seed: number;

  constructor(seed = 1, options: { faults?: (random: Random) => FaultyTransportOptions['faults'] } = {}) {
    this.#seed = seed;
    this.random = seededRandom(seed);
    this.#faults = options.faults?.(this.random);
    const { clock, random } = this;
    this.fake = new FakeManager({ clock, random, newStore: () => this.#recording(new MemoryStore()) });
  }

  addNode(): SimulatedNode {
    const node = new SimulatedNode(`node${this.nodes.length + 1}`, {
      transport: this.#usesDeltas ? this.fake.transport : snapshotsOnly(this.fake.transport),
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
    return new Map(this.nodes.flatMap(({ ids, accepted }) => [...ids].map((id) => [id, accepted] as const)));
  }

  /** Nobody is sick any more. */
  cure(): void {
    for (const neighbour of this.#sick) neighbour.stop();
  }

  /** The manager is replaced by one that has nothing. */
  async wipeManager(): Promise<void> {
    await this.run(this.fake.wipe());
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
        this.history.push({ epoch, version, mutation, data, entries: entriesOf(data) });
      }
      return result;
    };
    return store;
  }
}
