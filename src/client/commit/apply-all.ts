import { SerialDeadlines } from '../../async/serial-deadlines.js';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { breathe } from '../../event-loop.js';
import { isLocal, type WorkingCopy } from '../local/meta-client-adapter.js';
import type { OperationScope } from './operation-scope.js';
import type { PendingMutation } from './pending-mutation.js';

/** The result of applying an operation in this round. */
export type Attempt = { readonly result: unknown } | { readonly error: unknown };

/**
 * Applies changes in sequence, each limited by its deadline, because all other writers wait (R1). A change that fails leaves `copy`
 * unchanged.
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
        // Small operations wait only for promises, so that many of them would block timers.
        const rest = breathe();
        if (rest !== undefined) await rest;
        // The methods of a LocalMetaClient do not call this client, so they need no scope, which costs more than most of them.
        const run = (meta: M) => (isMethod && isLocal(meta) ? operation(meta) : scope.run(meta, operation));
        try {
          if (isAtomic && copy.applyAtomic !== undefined && !signal.aborted) {
            attempts.push({ result: await copy.applyAtomic(operation) });
            continue;
          }
          // The deadline is inside, because a change that continues after it must not become part of the copy later.
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
