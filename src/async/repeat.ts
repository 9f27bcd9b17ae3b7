import type { Clock } from '../clock.js';

/** Calls `run` every `ms` milliseconds, the first time after one interval, until the returned function is called. */
export function repeat(clock: Clock, ms: number, run: () => void): () => void {
  let isStopped = false;
  let cancelTimer = () => {};
  const next = () => {
    cancelTimer = clock.after(ms, () => {
      run();
      if (!isStopped) next();
    });
  };
  next();
  return () => {
    isStopped = true;
    cancelTimer();
  };
}
