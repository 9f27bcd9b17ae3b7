import { LocalTransport } from '../manager/local-transport.js';
import { Manager } from '../manager/manager.js';
import type { ManagerOptions } from '../manager/manager-options.js';
import type { ManagerStore } from '../manager/manager-store.js';
import { MemoryStore } from '../manager/stores/memory-store.js';
import type { Transport } from '../transport/transport.js';

/**
 * A manager in this process that can be restarted and can lose everything, with a transport that always leads to the one of
 * the moment.
 *
 * @example
 * ```ts
 * const fake = new FakeManager();
 * const client = new CfluxClient(mockMetaClient(), { transport: fake.transport });
 * await client.open();
 * await fake.wipe(); // the client gives it its metadata back
 * await client.close();
 * await fake.close();
 * ```
 */
export class FakeManager {
  readonly #options: Omit<ManagerOptions, 'store'>;
  readonly #newStore: () => ManagerStore;
  #store: ManagerStore;
  #manager: Manager;

  /** @param options those of Manager; `newStore`: makes the store of a manager that has nothing, default a MemoryStore */
  constructor(options: Omit<ManagerOptions, 'store'> & { readonly newStore?: () => ManagerStore } = {}) {
    const { newStore, ...managerOptions } = options;
    this.#options = managerOptions;
    this.#newStore = newStore ?? (() => new MemoryStore());
    this.#store = this.#newStore();
    this.#manager = new Manager({ ...this.#options, store: this.#store });
  }

  /** The manager of the moment. */
  get manager(): Manager {
    return this.#manager;
  }

  /** Leads to the manager of the moment. Its requests are single attempts: a client adds its own. */
  readonly transport: Transport = {
    endpoint: 'fake manager',
    register: (request, options) => this.#local().register(request, options),
    heartbeat: (request, options) => this.#local().heartbeat(request, options),
    deregister: (request, options) => this.#local().deregister(request, options),
    nodes: (request, options) => this.#local().nodes(request, options),
    push: (request, options) => this.#local().push(request, options),
    poll: (request, options) => this.#local().poll(request, options),
  };

  /** Another process takes over, on the same data; held polls fail. */
  async restart(): Promise<void> {
    const old = this.#manager;
    this.#manager = new Manager({ ...this.#options, store: this.#store });
    await old.close();
  }

  /** Another process takes over, and has nothing. */
  async wipe(): Promise<void> {
    const old = this.#manager;
    this.#store = this.#newStore();
    this.#manager = new Manager({ ...this.#options, store: this.#store });
    await old.close();
  }

  /** Ends the manager of the moment; held polls fail. */
  async close(): Promise<void> {
    await this.#manager.close();
  }

  #local(): LocalTransport {
    return new LocalTransport(this.#manager);
  }
}
