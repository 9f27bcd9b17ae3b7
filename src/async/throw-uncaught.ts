/**
 * Throws `error`, which a listener threw, in a task of its own: there it reaches the process's handlers as any uncaught exception
 * does, and does not break the loop that emitted the event.
 */
export function throwUncaught(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}
