import { onAbort } from './on-abort.js';

/**
 * Runs `task` with a signal that aborts when any of `parents` aborts, with its reason, or when `task` calls `abort`. The signal is
 * unlinked when the task ends, so that a long-lived parent does not accumulate listeners. (`AbortSignal.any` retains some memory
 * in each parent for every call.)
 */
export async function withLinkedSignal<T>(
  parents: readonly (AbortSignal | undefined)[],
  task: (signal: AbortSignal, abort: (reason: unknown) => void) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = (reason: unknown) => controller.abort(reason);
  const links = parents.map((parent) => onAbort(parent, abort));
  try {
    return await task(controller.signal, abort);
  } finally {
    for (const unlink of links) unlink();
  }
}
