/** Runs a function after some milliseconds, unless the returned function is called before. */
export type Schedule = (ms: number, run: () => void) => () => void;

/** Milliseconds of one step of the wait. */
const step = 50;

/**
 * Settles as `work` does, or rejects with `late()` after `ms` milliseconds; `work` then goes on, and its result is ignored.
 *
 * The wait is made of short steps: while the event loop is so busy that results which have arrived are not seen yet, timers are late
 * as well, and the limit moves with them. So a flood of requests does not make a healthy store look slow.
 */
export function inTime<T>(schedule: Schedule, ms: number, work: Promise<T>, late: () => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    let cancel = () => {};
    const wait = (left: number) => {
      const next = Math.min(left, step);
      cancel = schedule(next, () => (left > next ? wait(left - next) : reject(late())));
    };
    wait(ms);
    work.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
