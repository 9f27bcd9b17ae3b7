import type { Clock } from '../clock.js';
import { Alarm } from './alarm.js';

interface Deadline {
  readonly at: number;
  readonly expire: () => void;
  place: number;
}

/**
 * Any number of deadlines on one timer: ten thousand held polls need only one. A binary heap with the earliest deadline on top;
 * each entry has its index, so that cancelling one takes a few swaps.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #heap: Deadline[] = [];
  readonly #alarm: Alarm;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#alarm = new Alarm(clock, (now) => this.#expire(now));
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Calls `expire` once after `ms` milliseconds, unless the returned function cancels it; never after `close`. */
  add(ms: number, expire: () => void): () => void {
    if (this.#closed) return () => {};
    const deadline: Deadline = { at: this.#clock.monotonic() + ms, expire, place: this.#heap.length };
    this.#heap.push(deadline);
    this.#rise(deadline);
    this.#arm();
    return () => this.#remove(deadline);
  }

  close(): void {
    this.#closed = true;
    this.#alarm.cancel();
    this.#heap.length = 0;
  }

  #remove(deadline: Deadline): void {
    if (this.#heap[deadline.place] !== deadline) return;
    const last = this.#heap.pop();
    if (last !== undefined && last !== deadline) {
      this.#put(last, deadline.place);
      this.#rise(last);
      this.#sink(last);
    }
    if (this.#heap.length === 0) this.#arm();
  }

  #rise(deadline: Deadline): void {
    while (deadline.place > 0) {
      const parentPlace = (deadline.place - 1) >> 1;
      const parent = this.#heap[parentPlace];
      if (parent === undefined || parent.at <= deadline.at) return;
      this.#put(parent, deadline.place);
      this.#put(deadline, parentPlace);
    }
  }

  #sink(deadline: Deadline): void {
    for (;;) {
      const left = this.#heap[2 * deadline.place + 1];
      const right = this.#heap[2 * deadline.place + 2];
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= deadline.at) return;
      const childPlace = child.place;
      this.#put(child, deadline.place);
      this.#put(deadline, childPlace);
    }
  }

  #put(deadline: Deadline, place: number): void {
    this.#heap[place] = deadline;
    deadline.place = place;
  }

  #arm(): void {
    const earliest = this.#heap[0]?.at;
    if (earliest === undefined) this.#alarm.cancel();
    else this.#alarm.setFor(earliest);
  }

  #expire(now: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#remove(first);
      first.expire();
    }
    this.#arm();
  }
}
