import type { Deadlines } from './deadlines.js';

interface Waiting {
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * Who may push to one cluster, one at a time and in order of arrival (R26).
 *
 *     push ──► [ line ] ──► admitted ──► committed ──────────────► next of the line
 *                 ▲             │
 *                 │             └─ lost (409) ──► turn: only the loser's next push is admitted,
 *                 └────── others wait ──────────── until it came or `turn` milliseconds went by
 *
 * A push that waits in the line is judged when its turn comes: where it lost, the snapshot it gets is the newest,
 * and stays the newest until it comes back. So a change conflicts once however many nodes write.
 */
export class Turns {
  readonly #deadlines: Deadlines;
  readonly #turn: number;
  readonly #line = new Set<Waiting>();
  #busy = false;
  #reserved: { readonly who: string; readonly cancel: () => void } | undefined;

  constructor(deadlines: Deadlines, turn: number) {
    this.#deadlines = deadlines;
    this.#turn = turn;
  }

  /** Pushes that wait. */
  get length(): number {
    return this.#line.size;
  }

  get isIdle(): boolean {
    return !this.#busy && this.#reserved === undefined && this.#line.size === 0;
  }

  /** Resolves when a push of `who` may go; then `leave` must follow. Rejects with the signal's reason. */
  async enter(who: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (!this.#busy && (this.#reserved === undefined || this.#reserved.who === who)) {
      this.#endReservation();
      this.#busy = true;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.#line.delete(waiting);
        reject(signal?.reason);
      };
      const unlink = () => signal?.removeEventListener('abort', onAbort);
      const waiting: Waiting = {
        admit() {
          unlink();
          resolve();
        },
        refuse(reason) {
          unlink();
          reject(reason);
        },
      };
      this.#line.add(waiting);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** The push of `who` is through; `lost`: it met a conflict, and shall come back. */
  leave(who: string, lost: boolean): void {
    this.#busy = false;
    if (lost && this.#turn > 0) {
      const cancel = this.#deadlines.add(this.#turn, () => {
        this.#reserved = undefined;
        this.#next();
      });
      this.#reserved = { who, cancel };
    } else this.#next();
  }

  /** `who` has nothing to push after all. */
  yield(who: string): void {
    if (this.#reserved?.who !== who) return;
    this.#endReservation();
    this.#next();
  }

  /** Refuses everybody who waits. */
  close(reason: unknown): void {
    this.#endReservation();
    for (const waiting of this.#line) waiting.refuse(reason);
    this.#line.clear();
  }

  #next(): void {
    for (const waiting of this.#line) {
      this.#line.delete(waiting);
      this.#busy = true;
      waiting.admit();
      return;
    }
  }

  #endReservation(): void {
    this.#reserved?.cancel();
    this.#reserved = undefined;
  }
}
