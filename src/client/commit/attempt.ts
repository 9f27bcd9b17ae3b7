import type { NewDropOrder } from '../../protocol/drop-orders.js';

/** The result of applying an operation in this round. */
export type Attempt =
  | {
      readonly result: unknown;
      /** The drop orders of this run; absent if it made none. */
      readonly orders?: readonly NewDropOrder[];
    }
  | { readonly error: unknown };

/** Returns the drop orders of the changes that are pushed together. */
export const ordersOf = (attempts: readonly Attempt[]): readonly NewDropOrder[] =>
  attempts.flatMap((attempt) => ('orders' in attempt && attempt.orders) || []);
