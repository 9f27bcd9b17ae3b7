/**
 * Runs a refresh for any number of callers: at most one is under way and one waits. A caller gets one that began after its call, so that
 * it sees everything that was there before the call.
 */
export class SharedRefresh {
  readonly #refresh: () => Promise<unknown>;
  #running: Promise<unknown> | undefined;
  #waiting: Promise<unknown> | undefined;

  constructor(refresh: () => Promise<unknown>) {
    this.#refresh = refresh;
  }

  /** Resolves when a refresh that began after this call has ended; never rejects. */
  run(): Promise<unknown> {
    if (this.#running === undefined) return this.#begin();
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = undefined;
      return this.#begin();
    });
    return this.#waiting;
  }

  #begin(): Promise<unknown> {
    const running = this.#refresh()
      .catch(() => {})
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
    this.#running = running;
    return running;
  }
}
