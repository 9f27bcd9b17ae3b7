import { LocalTransport } from '../manager/local-transport.js';
import { Manager } from '../manager/manager.js';
import type { ManagerOptions } from '../manager/manager-options.js';
import type { ManagerStore } from '../manager/manager-store.js';
import { MemoryStore } from '../manager/stores/memory/memory-store.js';
import type { Transport } from '../transport/transport.js';

/**
 * An in-process manager that can be restarted and can lose its data, with a transport that always connects to the current manager.
 *
 * @example
 * ```ts
 * const fake = new FakeManager();
 * const client = new CfluxClient(mockMetaClient(), { transport: fake.transport });
 * await client.open();
 * await fake.wipe(); // the client restores its metadata
 * await client.close();
 * await fake.close();
 * ```
 */
export class FakeManager {
  readonly #options: Omit<ManagerOptions, 'store'>;
  readonly #newStore: () => ManagerStore;
  #store: ManagerStore;
  #manager: Manager;

  /** @param options those of Manager; `newStore` creates an empty store, default a MemoryStore */
  constructor(options: Omit<ManagerOptions, 'store'> & { readonly newStore?: () => ManagerStore } = {}) {
    const { newStore, ...managerOptions } = options;
    this.#options = managerOptions;
    this.#newStore = newStore ?? (() => new MemoryStore());
    this.#store = this.#newStore();
    this.#manager = new Manager({ ...this.#options, store: this.#store });
  }

  /** The current manager. */
  get manager(): Manager {
    return this.#manager;
  }

  /** Connects to the current manager. Makes single attempts, so that a client adds its own retries. */
  readonly transport: Transport = {
    endpoint: 'fake manager',
    register: (request, options) => this.#local().register(request, options),
    heartbeat: (request, options) => this.#local().heartbeat(request, options),
    report: (request, options) => this.#local().report(request, options),
    deregister: (request, options) => this.#local().deregister(request, options),
    nodes: (request, options) => this.#local().nodes(request, options),
    waitForNodes: (request, options) => this.#local().waitForNodes(request, options),
    push: (request, options) => this.#local().push(request, options),
    poll: (request, options) => this.#local().poll(request, options),
    dropOrders: (request, options) => this.#local().dropOrders(request, options),
  };

  /** Restarts the manager on the same data; held polls fail. */
  async restart(): Promise<void> {
    const old = this.#manager;
    this.#manager = new Manager({ ...this.#options, store: this.#store });
    await old.close();
  }

  /** Restarts the manager without data. */
  async wipe(): Promise<void> {
    const old = this.#manager;
    this.#store = this.#newStore();
    this.#manager = new Manager({ ...this.#options, store: this.#store });
    await old.close();
  }

  /** Closes the current manager; held polls fail. */
  async close(): Promise<void> {
    await this.#manager.close();
  }

  /** As `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #local(): LocalTransport {
    return new LocalTransport(this.#manager);
  }
}
