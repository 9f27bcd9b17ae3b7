import type { KeyValue } from '../api/kv-messages.js';

export interface Ticket {
  readonly key: string;
  /** Tickets are ordered by it. */
  readonly createRevision: number;
  /** Increases when the owner of the ticket keeps it alive. */
  readonly modRevision: number;
  /** It is retained for an expected push: the version that its requester was shown, and since when, by the monotonic clock. */
  readonly kept?: { readonly shown: number; readonly since: number } | undefined;
}

/** One cluster's push queue, as this manager knows it. */
export class QueueView {
  readonly #places = new Map<string, Ticket>();
  /** Revision of the last read; earlier events of the watch are stale. */
  #readIn = 0;
  /** Called at every change. */
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

  /** Replaces the queue by the result of a read in `revision`. */
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

  /** The watch reported that a ticket was created, or kept alive. */
  put({ key, createRevision, modRevision }: KeyValue): void {
    if (modRevision <= this.#readIn) return;
    this.#places.set(key, { key, createRevision, modRevision });
    this.#wake();
  }

  /** Records for which push the ticket is retained, as its manager wrote; undefined: its requester has come. */
  noteReservation(key: string, kept: Ticket['kept']): void {
    const place = this.#places.get(key);
    if (place) this.#places.set(key, { ...place, kept });
  }

  /** The ticket was removed in `revision`. */
  delete(key: string, revision: number): void {
    if (revision > this.#readIn) this.drop(key);
  }

  /** Drops a ticket whose removal the watch will report. */
  drop(key: string): void {
    if (this.#places.delete(key)) this.#wake();
  }

  /** Calls `wake` at every change, until the returned function is called. */
  onChange(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
