import type { RangeOptions } from 'lmdb';
import { TimeSlice } from '../../time-slice.js';

const pageSize = 200;

/** The part of a table's interface that is used here. */
interface Ranged<T> {
  getRange(options: RangeOptions): Iterable<{ readonly key: Buffer; readonly value: T }>;
}

/** Yields the entries of a table in key order, read page by page so that other work runs in between. */
export async function* inPages<T>(
  table: Ranged<T>,
  range: { readonly start?: Buffer; readonly end?: Buffer } = {},
): AsyncGenerator<{ readonly key: Buffer; readonly value: T }> {
  const slice = new TimeSlice();
  let { start } = range;
  for (;;) {
    const page = [
      ...table.getRange({ ...range, ...(start === undefined ? {} : { start }), limit: pageSize }),
    ];
    for (const { key, value } of page) {
      yield { key, value };
      await slice.rest();
    }
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    start = Buffer.concat([last.key, Buffer.of(0)]);
  }
}
