/** A condition variable: any number of callers wait for the next notification. */
export class Condition {
  #waiting: (() => void)[] = [];

  /** Resolves at the next {@link notifyAll}. */
  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  notifyAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
