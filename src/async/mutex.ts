/** Runs one task at a time, in the order of the calls (R1). */
export class Mutex {
  #tail: Promise<void> = Promise.resolve();

  /** Runs `task` after every task that was given before it, whether those failed or not. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task);
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
