import type { Clock } from '../clock.js';

export interface Limits {
  readonly clock: Clock;
  /** Milliseconds. Default: none. */
  readonly timeout?: number;
  /** What the work is rejected with when the time is up. */
  readonly timeoutError?: () => unknown;
  /** Any of them ends the work, with its reason. */
  readonly signals: readonly (AbortSignal | undefined)[];
}

/**
 * Runs `work` with a signal of its own, and settles when it settles, when a signal aborts or when the time is up: also where
 * `work` takes no notice of its signal. Afterwards no timer and no listener is left; `AbortSignal.any` on a signal that lives
 * as long as the program would keep a few bytes of every call.
 */
export function withDeadline<T>(limits: Limits, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { clock, timeout, timeoutError, signals } = limits;
  return new Promise((resolve, reject) => {
    const aborted = signals.find((signal) => signal?.aborted);
    if (aborted) {
      reject(aborted.reason);
      return;
    }
    const controller = new AbortController();
    const end = (reason: unknown) => {
      release();
      reject(reason);
      controller.abort(reason);
    };
    const listeners = signals.map((signal) => {
      const listener = () => end(signal?.reason);
      signal?.addEventListener('abort', listener, { once: true });
      return () => signal?.removeEventListener('abort', listener);
    });
    const cancelTimer = timeout === undefined ? undefined : clock.after(timeout, () => end(timeoutError?.()));
    const release = () => {
      cancelTimer?.();
      for (const remove of listeners) remove();
    };
    work(controller.signal).then(
      (value) => {
        release();
        resolve(value);
      },
      (error: unknown) => {
        release();
        reject(error);
      },
    );
  });
}
