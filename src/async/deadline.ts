import type { Clock } from '../clock.js';
import { onAbort } from './on-abort.js';

export interface TimeoutOptions {
  /** A clock, or another timer such as `lenientTimer`. */
  readonly clock: Pick<Clock, 'after'>;
  /** Milliseconds. Default: none. */
  readonly timeout?: number;
  /** Creates the error of a timeout. */
  readonly timeoutError?: () => unknown;
}

export interface DeadlineOptions extends TimeoutOptions {
  /** Signals that abort the work, with their reason. */
  readonly signals: readonly (AbortSignal | undefined)[];
}

/**
 * Runs `work` with its own signal. Settles when `work` settles, when a signal aborts, or after the timeout, even if `work`
 * ignores its signal. No timer and no listener remains.
 */
export function withDeadline<T>(
  options: DeadlineOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const aborted = options.signals.find((signal) => signal?.aborted);
  if (aborted) return Promise.reject(aborted.reason);
  const controller = new AbortController();
  return race(
    options,
    () => work(controller.signal),
    (reason) => controller.abort(reason),
  );
}

/** Settles as `work` does, or rejects after the timeout; `work` then continues, and its result is ignored. */
export function withTimeout<T>(options: TimeoutOptions, work: Promise<T>): Promise<T> {
  return race(
    { ...options, signals: [] },
    () => work,
    () => {},
  );
}

function race<T>(
  { clock, timeout, timeoutError, signals }: DeadlineOptions,
  begin: () => Promise<T>,
  onEnd: (reason: unknown) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (reason: unknown) => {
      release();
      reject(reason);
      onEnd(reason);
    };
    const links = signals.map((signal) => onAbort(signal, end));
    const cancelTimer = timeout === undefined ? undefined : clock.after(timeout, () => end(timeoutError?.()));
    const release = () => {
      cancelTimer?.();
      for (const unlink of links) unlink();
    };
    begin().then(
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
