import type { KeyValue } from '../api/kv-messages.js';

export interface Ticket {
  readonly key: string;
  /** Places are ordered by it. */
  readonly createRevision: number;
  /** Moves when whoever has the place shows that it is still there. */
  readonly modRevision: number;
  /** It is kept for a push that is awaited: the version that its requester was shown, and since when, by the monotonic clock. */
  readonly kept?: { readonly shown: number; readonly since: number } | undefined;
}

/** One cluster's queue of those who push, as far as this manager has heard. */
export class QueueView {
  readonly #places = new Map<string, Ticket>();
  /** It was read in this revision; what the watch tells of earlier ones is old. */
  #readIn = 0;
  /** Woken at every change. */
  readonly #waiting = new Set<() => void>();

  get isUnused(): boolean {
    return this.#places.size === 0 && this.#waiting.size === 0;
  }

  get isEmpty(): boolean {
    return this.#places.size === 0;
  }

  get first(): Ticket | undefined {
    let first: Ticket | undefined;
    for (const place of this.#places.values()) {
      if (first === undefined || place.createRevision < first.createRevision) first = place;
    }
    return first;
  }

  get(key: string): Ticket | undefined {
    return this.#places.get(key);
  }

  /** How it stood in `revision`, as a read says. */
  replace(kvs: readonly KeyValue[], revision: number): void {
    if (revision < this.#readIn) return;
    this.#readIn = revision;
    const before = new Map(this.#places);
    this.#places.clear();
    for (const { key, createRevision, modRevision } of kvs) {
      const known = before.get(key);
      this.#places.set(
        key,
        known?.modRevision === modRevision ? known : { key, createRevision, modRevision },
      );
    }
    this.#wake();
  }

  /** A place was taken, or shown to be in use, as the watch tells. */
  put({ key, createRevision, modRevision }: KeyValue): void {
    if (modRevision <= this.#readIn) return;
    this.#places.set(key, { key, createRevision, modRevision });
    this.#wake();
  }

  /** For whom the place is kept, as its manager says; absent: its requester is there. */
  noteKept(key: string, kept: Ticket['kept']): void {
    const place = this.#places.get(key);
    if (place) this.#places.set(key, { ...place, kept });
  }

  /** A place was given up in `revision`. */
  delete(key: string, revision: number): void {
    if (revision > this.#readIn) this.drop(key);
  }

  /** A place is given up; the watch will tell. */
  drop(key: string): void {
    if (this.#places.delete(key)) this.#wake();
  }

  /** Calls `wake` at every change, until what it returns is called. */
  onChange(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
