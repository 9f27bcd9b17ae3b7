/** The bytes of the offers that a manager keeps until their collections end, of all clusters together (R24). */
export class OfferRoom {
  readonly #total: number;
  #taken = 0;
  /** Bytes by the collection that has them. */
  readonly #bytes = new Map<object, number>();
  #reserve: object | undefined;

  /**
   * @param total bytes of all offers; `largest`: of one. One offer more is kept in reserve, of a collection that would be over if it had
   * not lacked room: it ends soon after, so that collections never wait for each other.
   */
  constructor(total: number, largest: number) {
    this.#total = Math.max(total, largest);
  }

  /** Exchanges the offer of `collection`. `undefined`: there is no room, and the offer that it has stays. */
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

  /** Idempotent. */
  release(collection: object): void {
    this.#taken -= this.#bytes.get(collection) ?? 0;
    this.#bytes.delete(collection);
    if (this.#reserve === collection) this.#reserve = undefined;
  }
}
