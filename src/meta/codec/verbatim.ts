/**
 * Bytes of records with texts that are not UTF-8: the text is decoded with U+FFFD, and only the bytes preserve the original. They are
 * written again while the record is unchanged. (Databases and users need no entry: their bytes are kept anyway, see segments.)
 */
const bodies = new WeakMap<object, Uint8Array>();

/** Saves a lookup per record, because hardly any store has such texts. */
let used = false;

/** Stores the body of `record` if `text` may not represent it exactly. */
export function keepIfLossy<T extends object>(
  record: T,
  text: string,
  source: Buffer,
  start: number,
  end: number,
): T {
  if (text.includes('\ufffd')) {
    used = true;
    bodies.set(record, new Uint8Array(source.subarray(start, end)));
  }
  return record;
}

/** Returns the body to write for `record`, if its texts do not represent it. */
export function verbatimBody(record: object): Uint8Array | undefined {
  return used ? bodies.get(record) : undefined;
}
