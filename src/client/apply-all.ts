import type { Clock } from '../clock.js';
import { CfluxError } from '../errors.js';
import { LocalMetaClient } from '../meta/local-meta-client.js';
import type { WorkingCopy } from './holder.js';
import { Limit } from './limit.js';
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
  const limit = new Limit(clock, signal, tooLong);
  return scope
    .series(async () => {
      const attempts: Attempt[] = [];
      for (const { operation, isMethod, deadline } of batch) {
        const run = (meta: M) =>
          isMethod && callsNobody(meta) ? operation(meta) : scope.run(meta, operation);
        try {
          // The limit is inside: a change that goes on after it must not be taken up later.
          attempts.push({ result: await copy.apply((meta) => limit.race(run(meta), deadline)) });
        } catch (error) {
          attempts.push({ error });
        }
      }
      return attempts;
    })
    .finally(() => limit.release());
}

/** Whether none of its methods calls this client: then they do not need the scope, which costs more than most of them. */
const callsNobody = (meta: unknown) => Object.getPrototypeOf(meta) === LocalMetaClient.prototype;

function tooLong(): CfluxError {
  return new CfluxError('TIMEOUT', 'the change itself took longer than its deadline', { outcome: 'none' });
}
