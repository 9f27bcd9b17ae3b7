import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DamagedFile } from '../../src/tsm/damaged-file.js';
import { rangeOfTsm } from '../../src/tsm/tsm-file.js';
import { extremes, MemorySource, tsmFile } from './real-files.js';
import { type Entry, tsmWith } from './write-files.js';

const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const entry: fc.Arbitrary<Entry> = fc
  .tuple(time, time)
  .map((times) => ({ ...extremes(times), block: 5, size: 20 }));
const keys = fc
  .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.array(entry, { minLength: 1, maxLength: 5 })), {
    selector: ([key]) => key,
    minLength: 1,
  })
  .map((list) => new Map(list));

const rangeOf = (bytes: Buffer) => rangeOfTsm(new MemorySource(bytes));

/** More in the nightly run. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 1_000);

describe('rangeOfTsm', () => {
  it('returns the times of the points in a file that InfluxDB wrote', () => {
    expect(rangeOf(tsmFile)).toEqual({ first: -5n, last: 2_000_000_000n });
  });

  it('returns the least and the greatest time of all entries', () => {
    fc.assert(
      fc.property(keys, (index) => {
        const times = [...index.values()].flat().flatMap(({ first, last }) => [first, last]);
        expect(rangeOf(tsmWith(index))).toEqual(extremes(times));
      }),
    );
  });

  it('reads an index of any size in few reads, and none of the blocks', () => {
    const one = { first: 1n, last: 2n, block: 5, size: 20 };
    const many = Array.from({ length: 20_000 }, (_, at) => ({ ...one, last: BigInt(at + 2) }));
    const long = 'k'.repeat(65_535);
    const source = new MemorySource(
      tsmWith(
        new Map([
          ['a', many],
          [long, [one]],
        ]),
        5_000_000,
      ),
    );
    expect(rangeOfTsm(source)).toEqual({ first: 1n, last: 20_001n });
    expect(source.reads).toBeLessThan(20);
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'it is cut short'],
    ['another file', Buffer.from('#!/bin/sh\necho hello world\n'), 'it is not a TSM file'],
    [
      'another version',
      Buffer.concat([tsmFile.subarray(0, 4), Buffer.of(2), tsmFile.subarray(5)]),
      'version 2',
    ],
    ['a file without a footer', tsmFile.subarray(0, -8), 'not the position of an index'],
    [
      'an index without its end',
      Buffer.concat([tsmFile.subarray(0, -40), tsmFile.subarray(-8)]),
      'its index',
    ],
    ['an index without keys', tsmWith(new Map()), 'its index is empty'],
    ['a key without entries', tsmWith(new Map([['k', []]])), 'its index is damaged'],
    [
      'a block behind the index',
      tsmWith(new Map([['k', [{ first: 1n, last: 2n, block: 100, size: 20 }]]])),
      'damaged',
    ],
    [
      'a block of the header',
      tsmWith(new Map([['k', [{ first: 1n, last: 2n, block: 0, size: 20 }]]])),
      'damaged',
    ],
    [
      'times in the wrong order',
      tsmWith(new Map([['k', [{ first: 2n, last: 1n, block: 5, size: 20 }]]])),
      'damaged',
    ],
  ])('refuses %s', (_what, bytes, reason) => {
    expect(() => rangeOf(bytes)).toThrow(reason);
    expect(() => rangeOf(bytes)).toThrow(DamagedFile);
  });

  it('refuses every file that is cut short', () => {
    for (let length = 0; length < tsmFile.length; length++)
      expect(() => rangeOf(tsmFile.subarray(0, length)), String(length)).toThrow(DamagedFile);
  });

  it('either reads changed bytes or refuses them, and never reads outside of the file', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: tsmFile.length - 1 }), fc.nat({ max: 255 })), {
          minLength: 1,
          maxLength: 8,
        }),
        (changes) => {
          const bytes = Buffer.from(tsmFile);
          for (const [at, byte] of changes) bytes[at] = byte;
          try {
            const { first, last } = rangeOf(bytes);
            expect(first <= last).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(DamagedFile);
          }
        },
      ),
      { numRuns: runs },
    );
  });
});
