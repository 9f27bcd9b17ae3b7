import { CfluxError } from '../../errors.js';
import type { MetaData } from '../../meta/records.js';
import type { DropOrder, DropOrders } from '../../protocol/drop-orders.js';
import { isThere } from '../../protocol/revoked-orders.js';
import type { InfluxConnection } from '../connect/influx-connection.js';
import {
  confirmationOf,
  haveBeenRead,
  type KeptOrder,
  withApplied,
  withGiven,
  withOrder,
  withRead,
} from '../ledger/kept-orders.js';
import type { Ledger, Origin } from '../ledger/ledger.js';
import type { LedgerStore } from '../ledger/ledger-store.js';
import { withDropped } from '../loss/leftover-shards.js';
import type { Step } from '../plan/plan.js';
import type { Reading } from '../read/metadata-reader.js';
import { keyOf } from '../statements/item.js';
import { examineOrder, judgeOrder, type OrderedServer, recreated } from './judge-order.js';
import { actionOf, itemOf } from './ordered-item.js';
import { type ServerShards, shardsOf } from './server-shards.js';

/** Reads the drop orders of versions above `since`; `undefined`: the manager has none. */
export type OrderSource = (since: number, signal?: AbortSignal) => PromiseLike<DropOrders | undefined>;

export interface OrderKeeperParts {
  readonly connection: InfluxConnection;
  readonly store: LedgerStore;
  /** Whether this server may drop. */
  readonly drops: 'report' | 'apply';
}

/** A server as it was read, and the version of the cluster that is about to be applied. */
export interface OrdersView {
  readonly origin: Origin;
  readonly reading: Reading;
  /** The server's metadata, without items that are local to it. */
  readonly present: MetaData;
  readonly signal: AbortSignal | undefined;
  /** An order that a user gave to this very server. */
  readonly given?: DropOrder | undefined;
}

export interface CarryOutOptions {
  /** Returns whether the version is still the newest. */
  readonly isCurrent: () => boolean;
  /** Executes a statement. Resolves with the reason if the server refused it. */
  readonly run: (step: Step) => Promise<string | undefined>;
}

/** Reads the drop orders of a cluster, and carries out those that bind a server, each once (R36). */
export class OrderKeeper {
  readonly #parts: OrderKeeperParts;

  constructor(parts: OrderKeeperParts) {
    this.#parts = parts;
  }

  /**
   * Reads the orders up to the version of `origin`, unless that was done, and saves them in the ledger. `ledger` must not have observed
   * that version yet, because an order binds only for what the cluster had on this server before.
   */
  async read(ledger: Ledger, source: OrderSource, view: OrdersView): Promise<Ledger> {
    const read = await this.#read(ledger, source, view);
    const { given } = view;
    // An order whose version was applied is over: it must not touch what came after it.
    if (given === undefined || (read.orders.applied?.version ?? 0) >= given.version) return read;
    const orders = withGiven(read.orders, given);
    return orders === read.orders ? read : this.#save({ ...read, orders });
  }

  /**
   * Reads the orders up to the version of `origin` for a server that cannot be read yet, because it has no user. They are read again, and
   * judged, as soon as it can be read; if the manager does not list them now, nothing of that version may be applied, not even a user.
   */
  async expectListed(
    ledger: Ledger | undefined,
    { epoch, version }: Origin,
    source: OrderSource,
    signal?: AbortSignal,
  ): Promise<void> {
    if (epoch === undefined || version === undefined) return;
    if (ledger !== undefined && haveBeenRead(ledger.orders, epoch, version)) return;
    await ordersUpTo(version, ledger, source, signal);
  }

  async #read(ledger: Ledger, source: OrderSource, view: OrdersView): Promise<Ledger> {
    const { origin, signal } = view;
    const { epoch, version } = origin;
    // A manager without epochs has no orders.
    if (epoch === undefined || version === undefined || haveBeenRead(ledger.orders, epoch, version))
      return ledger;
    const answer = await ordersUpTo(version, ledger, source, signal);
    const server = this.#server(ledger, view);
    const judge = (order: DropOrder) => judgeOrder(order, server);
    const orders = withRead(ledger.orders, answer, { epoch, version }, judge);
    return this.#save({ ...ledger, orders });
  }

  /**
   * Carries out open orders on the server as it was read. Resolves with the ledger; `isOver` is false if the server must be read again,
   * because it was changed.
   */
  async carryOut(
    ledger: Ledger,
    view: OrdersView,
    { isCurrent, run }: CarryOutOptions,
  ): Promise<{ readonly ledger: Ledger; readonly isOver: boolean; readonly isOutdated?: boolean }> {
    let current = await this.#confirm(ledger);
    const isOpen = ({ state }: KeptOrder) => state === 'open' || state === 'begun';
    if (!current.orders.kept.some(isOpen)) return { ledger: current, isOver: true };
    const shards = await this.#shards(view);
    const touched = new Set<string>();
    for (const order of current.orders.kept.filter(isOpen)) {
      // What the view shows of a database that was changed since is old.
      if (touched.has(order.database)) return { ledger: current, isOver: false };
      const judged = examineOrder(order, this.#server(current, view), shards, view.given);
      if (judged.state !== 'begun') {
        current = await this.#note(current, judged);
        continue;
      }
      if (!isCurrent()) return { ledger: current, isOver: false, isOutdated: true };
      current = await this.#note(current, judged);
      touched.add(order.database);
      const refusal = await run(stepOf(order));
      current = await this.#note(current, endOf(judged, refusal));
    }
    return { ledger: current, isOver: touched.size === 0 };
  }

  /**
   * Carries out an order that a user gave to this very server, without reading the server's schema. Resolves with the reason if the server
   * refused it.
   */
  async carryOutGiven(
    ledger: Ledger,
    order: DropOrder,
    reading: Reading,
    run: () => Promise<string | undefined>,
  ): Promise<string | undefined> {
    const { highest } = await shardsOf(reading, this.#parts.connection);
    const begun: KeptOrder = { ...order, state: 'begun', shard: highest };
    const orders = withOrder(withGiven(ledger.orders, order), begun);
    const noted = await this.#save({ ...ledger, orders });
    const refusal = await run();
    await this.#note(noted, endOf(begun, refusal));
    return refusal;
  }

  /** Returns the ledger after the server was found in sync with the version, except for findings. */
  async applied(ledger: Ledger, view: OrdersView, wanted: MetaData, now: number): Promise<Ledger> {
    const { epoch, version } = view.origin;
    if (epoch === undefined || version === undefined) return ledger;
    const { highest, index } = await this.#shards(view);
    const isStillOpen = (order: KeptOrder) => {
      if (order.version > version) return true;
      if (order.state !== 'left' && order.state !== 'elsewhere') return false;
      if (!isThere(view.present, order)) return false;
      // The cluster has it: only what was ordered for this server can still be confirmed.
      return order.state === 'left' || !isThere(wanted, order);
    };
    const applied = { epoch, version, shard: highest, index, at: now };
    return { ...ledger, orders: withApplied(ledger.orders, applied, isStillOpen) };
  }

  #shards({ reading, signal }: OrdersView): Promise<ServerShards> {
    return shardsOf(reading, this.#parts.connection, signal);
  }

  #server(ledger: Ledger, { reading, present }: OrdersView): OrderedServer {
    return { ledger, present, unread: reading.unread, drops: this.#parts.drops };
  }

  /** Saves what became of an order. */
  #note(ledger: Ledger, order: KeptOrder): Promise<Ledger> {
    const orders = withOrder(ledger.orders, order);
    const isNew = order.state === 'left' && order.reason === recreated;
    const held = isNew ? holdAs(ledger, keyOf(itemOf(order)), recreated) : ledger;
    return this.#save({ ...withDropped(held, order.state === 'begun' ? [actionOf(order)] : []), orders });
  }

  /** Opens the order that the operator confirmed for this server. */
  async #confirm(ledger: Ledger): Promise<Ledger> {
    const { store, drops } = this.#parts;
    const left = ledger.orders.kept.filter(({ state }) => state === 'left');
    if (left.length === 0 || drops !== 'apply') return ledger;
    const confirmation = await store.confirmation();
    const order = left.find((each) => confirmationOf(each, ledger.origin.clusterId) === confirmation);
    if (order === undefined) return ledger;
    const saved = await this.#save({
      ...ledger,
      orders: withOrder(ledger.orders, { ...order, state: 'open', reason: undefined, confirmed: true }),
    });
    await store.useConfirmation();
    return saved;
  }

  async #save(ledger: Ledger): Promise<Ledger> {
    await this.#parts.store.save(ledger);
    return ledger;
  }
}

/** Returns an order after its statement. */
const endOf = (order: KeptOrder, refusal: string | undefined): KeptOrder =>
  refusal === undefined
    ? { ...order, state: 'done' }
    : { ...order, state: 'left', reason: refusal, confirmed: undefined };

/** Returns the step that carries out an order. */
function stepOf(order: KeptOrder): Step {
  const by = order.author === undefined ? '' : ` by ${JSON.stringify(order.author)}`;
  return {
    item: itemOf(order),
    action: actionOf(order),
    reason: `ordered with version ${order.version}${by}`,
  };
}

/** Returns the ledger with an item that is not the cluster's any more, and is never dropped by itself. */
function holdAs(ledger: Ledger, key: string, reason: string): Ledger {
  const current = new Set(ledger.current);
  current.delete(key);
  return { ...ledger, current, held: new Map([...ledger.held, [key, reason]]) };
}

/** Reads the orders above the version that was applied to a server. Rejects if the manager does not list all of them up to `version`. */
async function ordersUpTo(
  version: number,
  ledger: Ledger | undefined,
  source: OrderSource,
  signal: AbortSignal | undefined,
): Promise<DropOrders> {
  const since = ledger?.orders.applied?.version ?? 0;
  const answer = (await source(since, signal)) ?? { version, completeFrom: 0, orders: [] };
  if (answer.version < version) throw staleOrders(answer.version, version);
  return answer;
}

const staleOrders = (covered: number, version: number) =>
  new CfluxError(
    'UNAVAILABLE',
    `the manager listed drop orders up to version ${covered} only, and version ${version} must be applied: retrying`,
    { retryable: true, outcome: 'notApplied' },
  );
