/** Limits the bytes of the offers that a manager keeps until their collections end, all clusters together (R24). */
export class OfferRoom {
  readonly #total: number;
  #taken = 0;
  /** Bytes by collection. */
  readonly #bytes = new Map<object, number>();
  #reserve: object | undefined;

  /**
   * @param total bytes of all offers; `largest`: of one. One more offer may use the reserve: that of a collection that would be over if
   * it had not lacked room. It ends soon after, so that collections never wait for each other.
   */
  constructor(total: number, largest: number) {
    this.#total = Math.max(total, largest);
  }

  /** Replaces the offer of `collection`. Returns `undefined` if there is no room; its previous offer stays. */
  exchange(collection: object, bytes: number, mayUseReserve: boolean): 'room' | 'reserve' | undefined {
    const others = this.#taken - (this.#bytes.get(collection) ?? 0);
    const fits = others + bytes <= this.#total;
    if (!fits && !(mayUseReserve && (this.#reserve ?? collection) === collection)) return undefined;
    this.release(collection);
    if (!fits) {
      this.#reserve = collection;
      return 'reserve';
    }
    this.#bytes.set(collection, bytes);
    this.#taken += bytes;
    return 'room';
  }

  /** Releases the bytes of `collection`. Idempotent. */
  release(collection: object): void {
    this.#taken -= this.#bytes.get(collection) ?? 0;
    this.#bytes.delete(collection);
    if (this.#reserve === collection) this.#reserve = undefined;
  }
}
