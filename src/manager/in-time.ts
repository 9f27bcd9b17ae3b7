/** Runs a function after some milliseconds, unless the returned function is called before. */
export type Schedule = (ms: number, run: () => void) => () => void;

/** Settles as `work` does, or rejects with `late()` after `ms` milliseconds; `work` then goes on, and its result is ignored. */
export function inTime<T>(schedule: Schedule, ms: number, work: Promise<T>, late: () => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = schedule(ms, () => reject(late()));
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
