import { withTimeout } from '../async/deadline.js';
import type { Clock } from '../clock.js';

/** Milliseconds that a request waits at most for a manager that does not respond. */
const managerTime = 300;

/** Fetches the newest metadata of a cluster, within a limited time. */
export const managerRefresh = (
  client: { refresh(options: { readonly timeout: number }): Promise<number> },
  clock: Clock,
): SharedRefresh => new SharedRefresh(clock, () => client.refresh({ timeout: managerTime }));

/**
 * Runs a refresh for any number of callers: at most one is under way and one waits. A caller gets one that began after its call, so that
 * it sees everything that was there before the call.
 */
export class SharedRefresh {
  readonly #clock: Clock;
  readonly #refresh: () => Promise<unknown>;
  #running: Promise<unknown> | undefined;
  #waiting: Promise<unknown> | undefined;

  constructor(clock: Clock, refresh: () => Promise<unknown>) {
    this.#clock = clock;
    this.#refresh = refresh;
  }

  /** Resolves when a refresh that began after this call has ended, or its time is up; never rejects. */
  async run(): Promise<void> {
    await this.#limited(this.#next()).catch(() => {});
  }

  #next(): Promise<unknown> {
    if (this.#running === undefined) return this.#begin();
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = undefined;
      return this.#begin();
    });
    return this.#waiting;
  }

  #begin(): Promise<unknown> {
    const running = this.#limited(this.#refresh())
      .catch(() => {})
      .finally(() => {
        if (this.#running === running) this.#running = undefined;
      });
    this.#running = running;
    return running;
  }

  #limited<T>(refresh: Promise<T>): Promise<T> {
    return withTimeout({ clock: this.#clock, timeout: managerTime }, refresh);
  }
}
