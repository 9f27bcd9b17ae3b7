/**
 * Throws `error`, which a listener threw, in a separate task: it reaches the process's handlers like any uncaught exception, and does
 * not break the loop that emitted the event.
 */
export function throwUncaught(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
