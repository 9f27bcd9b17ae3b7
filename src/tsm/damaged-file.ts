/** A file that is damaged, or that InfluxDB did not write. Nothing in it is used. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile';

  /**
   * @param reason what is wrong, as the end of a sentence
   * @param offset position of the first byte that cannot be right
   */
  constructor(
    readonly reason: string,
    readonly offset: number,
  ) {
    super(`${reason} (byte ${offset})`);
  }
}
