import { breathe } from '../../event-loop.js';
import { isLocal, type WorkingCopy } from '../local/meta-client-adapter.js';
import type { Attempt } from './attempt.js';
import type { Batch } from './batch.js';
import type { OperationScope } from './operation-scope.js';

/** The attempt of a change that was rejected before or during its operation. */
const givenUp: Attempt = { error: undefined };

/**
 * Applies the changes of a batch one after the other; each may take until its signal or deadline rejects it, because the others wait
 * (R1). One that fails leaves `copy` as it was, and one that was given up is not begun.
 */
export function applyAll<M>(
  copy: WorkingCopy<M>,
  batch: Batch<M>,
  { scope, signal }: { scope: OperationScope<M>; signal: AbortSignal },
): Promise<readonly Attempt[]> {
  return scope.series(async () => {
    const attempts: Attempt[] = [];
    for (const mutation of batch.mutations) {
      // Operations that do little never wait for more than a promise, and would keep timers waiting together.
      const rest = breathe();
      if (rest !== undefined) await rest;
      if (mutation.isSettled) {
        attempts.push(givenUp);
        continue;
      }
      const { operation, isMethod, isAtomic } = mutation;
      // The methods of a LocalMetaClient do not call this client: they need no scope, which costs more than most of them.
      const run = (meta: M) => (isMethod && isLocal(meta) ? operation(meta) : scope.run(meta, operation));
      try {
        if (isAtomic && copy.applyAtomic !== undefined && !signal.aborted) {
          attempts.push({ result: await copy.applyAtomic(operation) });
          continue;
        }
        batch.running = mutation;
        // The wait is inside: a change that continues after it must not be taken up later.
        attempts.push({ result: await copy.apply((meta) => mutation.whileWanted(run(meta))) });
      } catch (error) {
        attempts.push({ error });
      } finally {
        batch.running = undefined;
      }
    }
    return attempts;
  });
}
