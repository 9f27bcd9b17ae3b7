import type { Clock } from '../clock.js';

/** Milliseconds of one step of a wait. */
const step = 50;

/**
 * Returns a timer that waits in short steps. While the event loop is too busy to process results that have arrived, timers are late as
 * well, and the end of the wait moves with them. So a flood of requests does not make a healthy peer look slow.
 */
export function lenientTimer(timer: Pick<Clock, 'after'>): Pick<Clock, 'after'> {
  return {
    after(ms, callback) {
      let cancel = () => {};
      const wait = (left: number) => {
        const next = Math.min(left, step);
        cancel = timer.after(next, () => (left > next ? wait(left - next) : callback()));
      };
      wait(ms);
      return () => cancel();
    },
  };
}
