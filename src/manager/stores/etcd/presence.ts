import createDebug from 'debug';
import type { ManagerInfo, StoreContext } from '../../manager-store.js';
import type { EtcdConnection } from './connection.js';
import { JsonValue, writeJson } from './json-value.js';
import type { Keys } from './keys.js';
import { leaseIdOf, leaseSeconds } from './lease-id.js';
import type { Leases } from './leases.js';
import { etcd } from './methods.js';

const debug = createDebug('cflux:etcd');

/** Which managers are there: each has a key on a lease that it renews. */
export class Presence {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #leases: Leases;
  readonly #context: StoreContext;
  #self: { readonly info: ManagerInfo; readonly lease: number } | undefined;
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

  /** What fails now is tried again until it works, as long as this is open. */
  async announce(info: ManagerInfo): Promise<void> {
    this.#self = { info, lease: leaseIdOf('manager', info.id) };
    this.#renewing = this.#renew();
    await this.#renewing;
  }

  /** Ordered by id. */
  async list(): Promise<readonly ManagerInfo[]> {
    const { kvs } = await this.#connection.call(etcd.range, this.#keys.managers);
    return kvs.map(({ key, value }) => {
      const manager = JsonValue.parse(key, value);
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
    // What cannot be revoked ends by itself.
    if (this.#self) await this.#leases.revoke(this.#self.lease).catch(() => {});
  }

  async #enter(): Promise<void> {
    if (this.#self === undefined) return;
    const { info, lease } = this.#self;
    const { id, hostname, bindAddress } = info;
    await this.#leases.grant(lease, leaseSeconds(this.#context.nodeTtl));
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
      if (this.#self && !(await this.#leases.renew(this.#self.lease))) await this.#enter();
    } catch (error) {
      debug('the manager could not renew its lease: %s', error);
    }
    this.#arm();
  }
}
