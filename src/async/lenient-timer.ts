import type { Clock } from '../clock.js';

/** Milliseconds of one step of a wait. */
const step = 50;

/**
 * A timer whose waits are made of short steps: while the event loop is so busy that results which have arrived are not processed yet,
 * timers are late as well, and the end of the wait moves with them. So a flood of requests does not make a healthy peer look slow.
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
