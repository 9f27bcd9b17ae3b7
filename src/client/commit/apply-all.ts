import { SerialDeadlines } from '../../async/serial-deadlines.js';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { breathe } from '../../event-loop.js';
import { isLocal, type WorkingCopy } from '../local/meta-client-adapter.js';
import type { OperationScope } from './operation-scope.js';
import type { PendingMutation } from './pending-mutation.js';

/** What an operation came to when it was applied in this round. */
export type Attempt = { readonly result: unknown } | { readonly error: unknown };

/**
 * Applies changes one after the other; each may take as long as its deadline allows, for everyone else waits (R1). One that fails
 * leaves `copy` as it was.
 */
export function applyAll<M>(
  copy: WorkingCopy<M>,
  batch: readonly PendingMutation<M>[],
  { scope, clock, signal }: { scope: OperationScope<M>; clock: Clock; signal: AbortSignal },
): Promise<readonly Attempt[]> {
  const deadlines = new SerialDeadlines(clock, signal, tooLong);
  return scope
    .series(async () => {
      const attempts: Attempt[] = [];
      for (const { operation, isMethod, isAtomic, deadline } of batch) {
        // Operations that do little never wait for more than a promise, and would keep timers waiting together.
        const rest = breathe();
        if (rest !== undefined) await rest;
        // The methods of a LocalMetaClient do not call this client: they need no scope, which costs more than most of them.
        const run = (meta: M) => (isMethod && isLocal(meta) ? operation(meta) : scope.run(meta, operation));
        try {
          if (isAtomic && copy.applyAtomic !== undefined && !signal.aborted) {
            attempts.push({ result: await copy.applyAtomic(operation) });
            continue;
          }
          // The deadline is inside: a change that goes on after it must not be taken up later.
          attempts.push({ result: await copy.apply((meta) => deadlines.race(run(meta), deadline)) });
        } catch (error) {
          attempts.push({ error });
        }
      }
      return attempts;
    })
    .finally(() => deadlines.release());
}

function tooLong(): CfluxError {
  return new CfluxError('TIMEOUT', 'the change itself took longer than its deadline', {
    outcome: 'notApplied',
  });
}
