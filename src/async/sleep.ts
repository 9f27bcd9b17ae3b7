import type { Clock } from '../clock.js';
import { onAbort } from './on-abort.js';

/** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts. No listener remains. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const cancelTimer = clock.after(ms, () => {
      unsubscribe();
      resolve();
    });
    const unsubscribe = onAbort(signal, (reason) => {
      cancelTimer();
      reject(reason);
    });
  });
}

/** Resolves after `ms` milliseconds, or when the signal aborts: for loops that check the signal themselves. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await sleep(clock, ms, signal).catch(() => undefined);
}
