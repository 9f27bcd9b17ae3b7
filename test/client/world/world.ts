import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { type FaultyTransportOptions, ManualClock, seededRandom } from 'clusterflux/testing';
import type { ManagerStore } from '../../../src/manager/manager-store.js';
import type { Random } from '../../../src/random.js';
import type { Transport } from '../../../src/transport/transport.js';
import { entriesOfSnapshot } from './journal.js';
import { SimulatedNode } from './simulated-node.js';

/** A version as the store took it. */
export interface StoredVersion {
  readonly epoch: string;
  readonly version: number;
  readonly mutation: string;
  readonly entries: readonly string[];
}

/** A manager, nodes with bad networks between, and one clock, all decided by a seed. */
export class World {
  readonly clock = new ManualClock();
  readonly random: Random;
  readonly nodes: SimulatedNode[] = [];
  /** Every version that any manager of this world stored, in order. */
  readonly history: StoredVersion[] = [];
  #store: ManagerStore;
  #manager: Manager;
  readonly #faults: FaultyTransportOptions['faults'];

  constructor(seed = 1, options: { faults?: (random: Random) => FaultyTransportOptions['faults'] } = {}) {
    this.random = seededRandom(seed);
    this.#faults = options.faults?.(this.random);
    this.#store = this.#recording(new MemoryStore());
    this.#manager = this.#newManager(this.#store);
  }

  get manager(): Manager {
    return this.#manager;
  }

  addNode(): SimulatedNode {
    const node = new SimulatedNode(`node${this.nodes.length + 1}`, {
      transport: this.#wire(),
      clock: this.clock,
      random: this.random,
      faults: this.#faults,
    });
    this.nodes.push(node);
    return node;
  }

  /** The manager is replaced by one that has nothing. */
  async wipeManager(): Promise<void> {
    const old = this.#manager;
    this.#manager = this.#newManager();
    await this.clock.runUntil(old.close());
  }

  /** The manager's process is replaced by another one on the same data. */
  async restartManager(): Promise<void> {
    const old = this.#manager;
    this.#manager = this.#newManager(this.#store);
    await this.clock.runUntil(old.close());
  }

  /** Runs `promise` and whatever time it needs. */
  run<T>(promise: Promise<T>): Promise<T> {
    return this.clock.runUntil(promise);
  }

  async close(): Promise<void> {
    await this.run(Promise.all(this.nodes.filter(({ alive }) => alive).map(({ client }) => client.close())));
    await this.run(this.#manager.close());
  }

  #newManager(store = this.#recording(new MemoryStore())): Manager {
    this.#store = store;
    return new Manager({ store, clock: this.clock, random: this.random });
  }

  /** `store`, whose every new version is written down. */
  #recording(store: ManagerStore): ManagerStore {
    const commit = store.commit.bind(store);
    store.commit = async (request) => {
      const result = await commit(request);
      if (result.kind === 'committed') {
        const { epoch, record } = result;
        const { version, mutation } = record;
        this.history.push({ epoch, version, mutation, entries: entriesOfSnapshot(request.snapshot) });
      }
      return result;
    };
    return store;
  }

  /** Leads to the manager of the moment. */
  #wire(): Transport {
    const to = () => new LocalTransport(this.#manager);
    return {
      endpoint: 'world',
      register: (request, options) => to().register(request, options),
      heartbeat: (request, options) => to().heartbeat(request, options),
      deregister: (request, options) => to().deregister(request, options),
      nodes: (request, options) => to().nodes(request, options),
      push: (request, options) => to().push(request, options),
      poll: (request, options) => to().poll(request, options),
    };
  }
}
