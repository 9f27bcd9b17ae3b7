import { debugSwitch } from '../debug-log.js';

/*
 * Errors of a change are created when the round ends, far from the call. Recording where each call comes from takes 7 µs: 3 % of one
 * change in one process, but a third of one of two thousand that are pushed together (measured on Node 20). So it must be switched on.
 */
const isOn = debugSwitch('cflux:stacks');

/** Errors that have the frames of a caller; the error of a round may reject several calls. */
const complete = new WeakSet<Error>();

/** Runs a method of a client; with `DEBUG=cflux:stacks`, the stack of its error ends with the frames of the caller. */
export function withCallerFrames<T>(run: () => Promise<T>): Promise<T> {
  if (!isOn()) return run();
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, withCallerFrames);
  return run().catch((error: unknown) => {
    if (error instanceof Error && !complete.has(error)) {
      complete.add(error);
      const [, ...frames] = site.stack?.split('\n') ?? [];
      error.stack = [error.stack ?? String(error), ...frames].join('\n');
    }
    throw error;
  });
}
