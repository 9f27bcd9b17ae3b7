import { CfluxError } from '../../errors.js';
import {
  fitsHeader,
  type NewDropOrder,
  type OrderedItem,
  whyNotOrderable,
} from '../../protocol/drop-orders.js';

/** What an operation of `mutate` can do besides changing the metadata. */
export interface MutationTools {
  /**
   * Orders that `item` is dropped on every server that follows the cluster, with its points, even if the cluster has it again by the time
   * a server learns of it. The order becomes part of the version of this change, and nothing is ordered if the change fails.
   *
   * @param options `author`: the name of the user, for display
   * @throws CfluxError `BAD_REQUEST` for an empty name or `_internal`
   */
  orderDrop(item: OrderedItem, options?: { readonly author?: string }): void;
}

/** A change, as a function of a meta client. It may run several times; only what its last run ordered counts. */
export type MutationOperation<M, T> = (meta: M, tools: MutationTools) => T | PromiseLike<T>;

/** Collects the drop orders of one run of an operation. */
export class OrderedDrops {
  readonly orders: NewDropOrder[] = [];
  #isOver = false;

  readonly tools: MutationTools = {
    orderDrop: (item, { author } = {}) => {
      if (this.#isOver) throw refused('the operation has ended');
      const why = whyNotOrderable(item);
      if (why !== undefined) throw refused(why);
      this.orders.push({ ...item, ...(author === undefined ? {} : { author }) });
    },
  };

  /** The operation has ended: later calls are refused. */
  end(): void {
    this.#isOver = true;
  }

  /** Returns whether the orders fit into one push with `earlier`. */
  fitWith(earlier: readonly NewDropOrder[]): boolean {
    return this.orders.length === 0 || fitsHeader({ orders: [...earlier, ...this.orders] });
  }
}

const refused = (why: string) =>
  new CfluxError('BAD_REQUEST', `drop order refused: ${why}`, { outcome: 'notApplied' });

/** The error for a change whose orders do not fit into a push. */
export const tooManyOrders = (count: number) =>
  new CfluxError(
    'TOO_LARGE',
    `drop orders refused: ${count} of one change take more than the 4 KiB of a push; order fewer in one change`,
    { outcome: 'notApplied' },
  );
