/** Modes of addresses: absolute, relative to the current position, relative to a near address, or equal to a cached one. */
export const selfMode = 0;
export const hereMode = 1;
export const nearMode = 2;
export const nearSize = 4;
export const sameMode = nearMode + nearSize;
const sameSize = 3;
const slots = 256;

/** The most recent addresses (RFC 3284, section 5.1). Each window begins with an empty cache. */
export class AddressCache {
  readonly #near = new Array<number>(nearSize).fill(0);
  readonly #same = new Array<number>(sameSize * slots).fill(0);
  #next = 0;

  near(mode: number): number {
    return this.#near[mode - nearMode] ?? 0;
  }

  same(mode: number, slot: number): number {
    return this.#same[(mode - sameMode) * slots + slot] ?? 0;
  }

  /** Returns the slot of `address` in the "same" cache, if it is there. */
  placeOf(address: number): { mode: number; slot: number } | undefined {
    const place = address % this.#same.length;
    if (this.#same[place] !== address) return undefined;
    return { mode: sameMode + Math.floor(place / slots), slot: place % slots };
  }

  update(address: number): void {
    this.#near[this.#next] = address;
    this.#next = (this.#next + 1) % nearSize;
    this.#same[address % this.#same.length] = address;
  }
}
