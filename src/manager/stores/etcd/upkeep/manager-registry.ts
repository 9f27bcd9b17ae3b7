import { debugLog } from '../../../../debug-log.js';
import type { ManagerInfo, StoreContext } from '../../../manager-store.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import type { Leases } from '../leases/leases.js';
import { readJson, writeJson } from '../stored-json.js';

const debug = debugLog('cflux:etcd');

/** The registered managers: each moves its key to a new lease before the old one ends. */
export class ManagerRegistry {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #leases: Leases;
  readonly #context: StoreContext;
  #self: ManagerInfo | undefined;
  #cancelTimer: (() => void) | undefined;
  #renewing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    parts: { readonly connection: EtcdConnection; readonly keys: Keys; readonly leases: Leases },
    context: StoreContext,
  ) {
    this.#connection = parts.connection;
    this.#keys = parts.keys;
    this.#leases = parts.leases;
    this.#context = context;
  }

  /** A failed announcement is retried until it succeeds, while this is open. */
  async announce(info: ManagerInfo): Promise<void> {
    this.#self = info;
    this.#renewing = this.#renew();
    await this.#renewing;
  }

  /** Ordered by id. */
  async list(): Promise<readonly ManagerInfo[]> {
    const { kvs } = await this.#connection.call(etcd.range, this.#keys.managers);
    return kvs.map(({ key, value }) => {
      const manager = readJson(key, value);
      return {
        id: manager.text('id'),
        hostname: manager.text('hostname'),
        bindAddress: manager.text('bindAddress'),
      };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#renewing;
    if (this.#self === undefined) return;
    const removal = { deleteKey: this.#keys.manager(this.#self.id) };
    // A key that cannot be removed expires with its lease.
    await this.#connection.call(etcd.txn, { compare: [], success: [removal] }).catch(() => {});
  }

  async #enter({ id, hostname, bindAddress }: ManagerInfo): Promise<void> {
    const lease = await this.#leases.grant(this.#context.nodeTtl);
    const value = writeJson({ id, hostname, bindAddress });
    await this.#connection.call(etcd.txn, {
      compare: [],
      success: [{ put: this.#keys.manager(id), value, lease }],
    });
  }

  #arm(): void {
    if (this.#closed) return;
    this.#cancelTimer = this.#context.clock.after(this.#context.nodeTtl / 3, () => {
      this.#renewing = this.#renew();
    });
  }

  async #renew(): Promise<void> {
    try {
      if (this.#self) await this.#enter(this.#self);
    } catch (error) {
      debug('announcing the manager failed: %s', error);
    }
    this.#arm();
  }
}
