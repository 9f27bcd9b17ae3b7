/** Damage of a data file; the message is the end of a sentence about it. */
export class Damage extends Error {}

/** Throws {@link Damage} unless `condition` holds. */
export function expectIn(place: string, condition: boolean, what: string): asserts condition {
  if (!condition) throw new Damage(`${place} ${what}`);
}
