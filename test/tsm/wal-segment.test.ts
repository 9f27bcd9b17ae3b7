import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readWalSegment } from '../../src/tsm/wal-segment.js';
import { entryEnds, extremes, MemorySource, walSegment } from './real-files.js';
import { compressed } from './snappy-encoder.js';

const read = (bytes: Buffer) => readWalSegment(new MemorySource(bytes));
const both = { first: -2_000_000_000n, last: 2_000_000_000n };
const firstOnly = { first: 1_000_000_000n, last: 2_000_000_000n };

function entry(type: number, content: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(type);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

/** The points of one key, as an entry has them. */
function points(type: number, key: string, times: readonly bigint[], value: Buffer): Buffer {
  const head = Buffer.alloc(7 + Buffer.byteLength(key));
  head.writeUInt8(type);
  head.writeUInt16BE(Buffer.byteLength(key), 1);
  head.write(key, 3);
  head.writeUInt32BE(times.length, head.length - 4);
  const each = times.flatMap((time) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(time);
    return [bytes, value];
  });
  return Buffer.concat([head, ...each]);
}

function text(length: number): Buffer {
  const bytes = Buffer.alloc(4 + length, 'x');
  bytes.writeUInt32BE(length);
  return bytes;
}

const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const written = fc.array(
  fc.record({
    value: fc.constantFrom<readonly [type: number, value: Buffer]>(
      [1, Buffer.alloc(8)],
      [2, Buffer.alloc(8, 7)],
      [3, Buffer.alloc(1)],
      [4, text(0)],
      [4, text(70_000)],
      [5, Buffer.alloc(8, 0xff)],
    ),
    key: fc.string(),
    times: fc.array(time, { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 4 },
);

/** More in the nightly run. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 1_000);

describe('readWalSegment', () => {
  it('returns the times of the points in a segment that InfluxDB wrote', () => {
    expect(read(walSegment)).toEqual({ range: both, damage: undefined });
  });

  it('has no times in an empty segment, and in one of deletions', () => {
    const nothing = { range: undefined, damage: undefined };
    expect(read(Buffer.alloc(0))).toEqual(nothing);
    expect(read(walSegment.subarray(entryEnds[1]))).toEqual(nothing);
  });

  it('returns the least and the greatest time of all types of values, however they are compressed', () => {
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 3 }), fc.integer(), (entries, seed) => {
        const bytes = Buffer.concat(
          entries.map((list) =>
            entry(
              1,
              compressed(
                Buffer.concat(
                  list.map(({ value: [type, value], key, times }) => points(type, key, times, value)),
                ),
                seed,
              ),
            ),
          ),
        );
        const times = entries.flat().flatMap((each) => each.times);
        expect(read(bytes)).toEqual({ range: extremes(times), damage: undefined });
      }),
      { numRuns: 60 },
    );
  });

  it('uses the whole entries before the place where it is cut short', () => {
    for (let length = 0; length < walSegment.length; length++) {
      const { range, damage } = read(walSegment.subarray(0, length));
      const expected = length < entryEnds[0] ? undefined : length < entryEnds[1] ? firstOnly : both;
      expect(range, String(length)).toEqual(expected);
      const isWhole = [0, ...entryEnds, 234].includes(length);
      expect(damage === undefined, String(length)).toBe(isWhole);
    }
  });

  it('uses nothing from an entry on that is damaged', () => {
    const bytes = Buffer.from(walSegment);
    bytes[entryEnds[0]] = 9;
    expect(read(bytes)).toMatchObject({
      range: firstOnly,
      damage: { reason: 'entries of type 9 are unknown', offset: entryEnds[0] },
    });
  });

  it.each([
    ['another file', Buffer.from('a text'), 'entries of type 97 are unknown'],
    ['an entry that is not compressed', entry(1, Buffer.alloc(6, 0xff)), 'not compressed by Snappy'],
    [
      'an entry of an unknown type of values',
      entry(1, compressed(points(6, 'k', [1n], Buffer.alloc(8)))),
      'unknown type 6',
    ],
    [
      'an entry with fewer points than it states',
      entry(1, compressed(points(1, 'k', [1n, 2n], Buffer.alloc(8)).subarray(0, -1))),
      'cut short',
    ],
    [
      'a text longer than its entry',
      entry(1, compressed(points(4, 'k', [1n], text(9).subarray(0, 12)))),
      'cut short',
    ],
  ])('refuses %s', (_what, bytes, reason) => {
    const { range, damage } = read(bytes);
    expect(range).toBeUndefined();
    expect(damage?.message).toContain(reason);
  });

  it('never throws for changed bytes, and never reads outside of the segment', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: walSegment.length - 1 }), fc.nat({ max: 255 })), {
          minLength: 1,
          maxLength: 8,
        }),
        (changes) => {
          const bytes = Buffer.from(walSegment);
          for (const [at, byte] of changes) bytes[at] = byte;
          read(bytes);
        },
      ),
      { numRuns: runs },
    );
  });
});
