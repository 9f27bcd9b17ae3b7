/**
 * Calls `listener` once with the reason when `signal` aborts, or immediately if it has aborted already. The returned function
 * unsubscribes: call it when the work ends, because a signal that outlives the work would accumulate listeners.
 */
export function onAbort(signal: AbortSignal | undefined, listener: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => {};
  if (signal.aborted) {
    listener(signal.reason);
    return () => {};
  }
  const notify = () => listener(signal.reason);
  signal.addEventListener('abort', notify, { once: true });
  return () => signal.removeEventListener('abort', notify);
}
