/** What a wait uses of an `AbortSignal`. A real one is expensive to create for each of ten thousand waits, and to listen to. */
export interface Abortable {
  /** It has aborted. */
  readonly aborted: boolean;
  /** Why it aborted; undefined before. */
  readonly reason: unknown;
  /** Calls `listener` when it aborts. */
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  /** Removes a listener; does nothing if it was not added. */
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Calls `listener` once with the reason when `signal` aborts, or immediately if it has aborted already. The returned function
 * unsubscribes: call it when the work ends, because a signal that outlives the work would accumulate listeners.
 */
export function onAbort(signal: Abortable | undefined, listener: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    listener(signal.reason);
    return () => {};
  }
  const notify = () => listener(signal.reason);
  signal.addEventListener('abort', notify, { once: true });
  return () => signal.removeEventListener('abort', notify);
}
