/**
 * Bytes of records whose texts are not UTF-8: the text reads with U+FFFD, and only the bytes tell what it was. They are written
 * again for as long as the record is untouched. (Databases and users need no entry: theirs are kept anyway, see segments.)
 */
const bodies = new WeakMap<object, Uint8Array>();

/** Spares everybody a look-up for each record, for hardly any store has such texts. */
let used = false;

/** Remembers the body of `record` if `text` may not be the whole truth about it. */
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

/** The body to write for `record`, if its texts do not tell it. */
export function verbatimBody(record: object): Uint8Array | undefined {
  return used ? bodies.get(record) : undefined;
}
