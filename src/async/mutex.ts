/** Runs one task at a time, in the order of the calls (R1). */
export class Mutex {
  #tail: Promise<void> = Promise.resolve();

  /** Runs `task` after all earlier tasks have settled. */
  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(task);
    this.#tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
