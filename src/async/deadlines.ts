import type { Clock } from '../clock.js';
import { Alarm } from './alarm.js';

interface Deadline {
  readonly at: number;
  /** Undefined once it is cancelled. */
  expire: (() => void) | undefined;
}

/**
 * Any number of deadlines on one timer: ten thousand held polls need only one. A binary heap with the earliest deadline on top.
 * Cancelled deadlines stay in it until they are half of it: removing each alone would move a dozen others.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  #heap: Deadline[] = [];
  #cancelled = 0;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#alarm = new Alarm(clock, (now) => this.#expire(now));
  }

  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** Calls `expire` once after `ms` milliseconds, unless the returned function cancels it; never after `close`. */
  add(ms: number, expire: () => void): () => void {
    if (this.#closed) return () => {};
    const deadline: Deadline = { at: this.#clock.monotonic() + ms, expire };
    this.#rise(deadline, this.#heap.push(deadline) - 1);
    this.#arm();
    return () => this.#cancel(deadline);
  }

  close(): void {
    this.#closed = true;
    this.#alarm.cancel();
    this.#heap = [];
    this.#cancelled = 0;
  }

  #cancel(deadline: Deadline): void {
    if (deadline.expire === undefined || this.#closed) return;
    deadline.expire = undefined;
    this.#cancelled += 1;
    if (2 * this.#cancelled >= this.#heap.length) this.#removeCancelled();
  }

  #removeCancelled(): void {
    this.#heap = this.#heap.filter(({ expire }) => expire !== undefined);
    this.#cancelled = 0;
    for (let place = this.#heap.length >> 1; place-- > 0; ) this.#sink(place);
    if (this.#heap.length === 0) this.#arm();
  }

  /** Puts `deadline` at `place`, or above it. */
  #rise(deadline: Deadline, place: number): void {
    let free = place;
    while (free > 0) {
      const above = (free - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.at <= deadline.at) break;
      this.#heap[free] = parent;
      free = above;
    }
    this.#heap[free] = deadline;
  }

  /** Moves the deadline at `place` below all that are earlier. */
  #sink(place: number): void {
    const deadline = this.#heap[place];
    if (deadline === undefined) return;
    let free = place;
    for (;;) {
      const left = 2 * free + 1;
      const [first, second] = [this.#heap[left], this.#heap[left + 1]];
      const [child, below] =
        first !== undefined && second !== undefined && second.at < first.at
          ? [second, left + 1]
          : [first, left];
      if (child === undefined || child.at >= deadline.at) break;
      this.#heap[free] = child;
      free = below;
    }
    this.#heap[free] = deadline;
  }

  #arm(): void {
    const earliest = this.#heap[0]?.at;
    if (earliest === undefined) this.#alarm.cancel();
    else this.#alarm.setFor(earliest);
  }

  #expire(now: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#removeFirst();
      const { expire } = first;
      first.expire = undefined;
      if (expire === undefined) this.#cancelled -= 1;
      else expire();
    }
    this.#arm();
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }
}
