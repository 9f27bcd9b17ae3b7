import { breathe } from '../../event-loop.js';
import type { NewDropOrder } from '../../protocol/drop-orders.js';
import { isLocal, type WorkingCopy } from '../local/meta-client-adapter.js';
import type { Attempt } from './attempt.js';
import type { Batch } from './batch.js';
import { OrderedDrops, tooManyOrders } from './mutation-tools.js';
import type { OperationScope } from './operation-scope.js';

/** The attempt of a change that was rejected before or during its operation. */
const givenUp: Attempt = { error: undefined };

/** Thrown to undo a change whose drop orders do not fit into this push. */
const postponed = new Error('postponed to the next push');

/**
 * Applies the changes of a batch one after the other; each may take until its signal or deadline rejects it, because the others wait
 * (R1). One that fails leaves `copy` as it was, and one that was given up is not begun. Ends early, before the first change whose drop
 * orders do not fit into the push of the others: it and the later ones have no attempt.
 */
export function applyAll<M>(
  copy: WorkingCopy<M>,
  batch: Batch<M>,
  { scope, signal }: { scope: OperationScope<M>; signal: AbortSignal },
): Promise<readonly Attempt[]> {
  return scope.series(async () => {
    const attempts: Attempt[] = [];
    const ordered: NewDropOrder[] = [];
    for (const mutation of batch.mutations) {
      // Operations that do little never wait for more than a promise, and would keep timers waiting together.
      const rest = breathe();
      if (rest !== undefined) await rest;
      if (mutation.isSettled) {
        attempts.push(givenUp);
        continue;
      }
      const { operation, isMethod, isAtomic } = mutation;
      const drops = new OrderedDrops();
      const call = (meta: M) => operation(meta, drops.tools);
      // The methods of a LocalMetaClient do not call this client: they need no scope, which costs more than most of them.
      const run = (meta: M) => (isMethod && isLocal(meta) ? call(meta) : scope.run(meta, call));
      try {
        if (isAtomic && copy.applyAtomic !== undefined && !signal.aborted) {
          attempts.push({ result: await copy.applyAtomic(call) });
          continue;
        }
        batch.running = mutation;
        // The wait is inside: a change that continues after it must not be taken up later.
        const result = await copy.apply(async (meta) => {
          const changed = await mutation.whileWanted(run(meta));
          if (drops.fitWith(ordered)) return changed;
          throw ordered.length === 0 ? tooManyOrders(drops.orders.length) : postponed;
        });
        attempts.push(drops.orders.length === 0 ? { result } : { result, orders: drops.orders });
        ordered.push(...drops.orders);
      } catch (error) {
        if (error === postponed) return attempts;
        attempts.push({ error });
      } finally {
        drops.end();
        batch.running = undefined;
      }
    }
    return attempts;
  });
}
