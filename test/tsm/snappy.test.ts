import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DamagedFile } from '../../src/tsm/damaged-file.js';
import { SnappyDecoder } from '../../src/tsm/snappy.js';
import { compressed, varint } from './snappy-encoder.js';

/** Decompresses in pieces of these lengths, repeated. */
function decompressed(block: Buffer, lengths: readonly number[] = [block.length || 1]): Buffer {
  const pieces: Buffer[] = [];
  const decoder = new SnappyDecoder((piece) => pieces.push(Buffer.from(piece)));
  let at = 0;
  for (let turn = 0; at < block.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    decoder.push(block.subarray(at, at + length));
    at += length;
  }
  decoder.finish();
  return Buffer.concat(pieces);
}

/** Bytes with repetitions near and far, up to several windows of the decoder. */
const content = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.nat({ max: 400 })), { maxLength: 8 })
  .map((parts) =>
    Buffer.concat(parts.flatMap(([bytes, times]) => Array.from({ length: times }, () => Buffer.from(bytes)))),
  );

describe('SnappyDecoder', () => {
  it('returns what was compressed, in pieces of any length', () => {
    fc.assert(
      fc.property(
        content,
        fc.integer(),
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 4 }),
        (bytes, seed, lengths) => {
          expect(decompressed(compressed(bytes, seed), lengths).equals(bytes)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('repeats bytes that the same copy wrote', () => {
    // The letter a as a literal, and a copy of 9 bytes from 1 byte before.
    const block = Buffer.from('0a0061220100', 'hex');
    expect(decompressed(block).toString()).toBe('a'.repeat(10));
  });

  it('decompresses an empty block', () => {
    expect(decompressed(varint(0)).length).toBe(0);
  });

  const literalA = Buffer.from('0061', 'hex');
  it.each([
    ['without a length', Buffer.alloc(0), 'cut short'],
    ['with a length of more than 32 bits', Buffer.from('ffffffff7f', 'hex'), 'not compressed by Snappy'],
    ['that ends within a literal', Buffer.concat([varint(4), Buffer.from('0c6161', 'hex')]), 'cut short'],
    [
      'that ends within an element',
      Buffer.concat([varint(20), literalA, Buffer.from('fe01', 'hex')]),
      'cut short',
    ],
    ['shorter than its length', Buffer.concat([varint(2), literalA]), 'cut short'],
    ['longer than its length', Buffer.concat([varint(1), literalA, literalA]), 'longer than its length'],
    [
      'with a literal longer than its length',
      Buffer.concat([varint(1), Buffer.from('046161', 'hex')]),
      'longer',
    ],
    [
      'with a copy longer than its length',
      Buffer.concat([varint(2), literalA, Buffer.from('0101', 'hex')]),
      'longer',
    ],
    [
      'with a copy of bytes before its beginning',
      Buffer.concat([varint(9), literalA, Buffer.from('0102', 'hex')]),
      'not there',
    ],
    [
      'with a copy at no distance',
      Buffer.concat([varint(9), literalA, Buffer.from('0100', 'hex')]),
      'not there',
    ],
    [
      'with a copy from more than 64 KiB before',
      Buffer.concat([
        varint(70_004),
        Buffer.from('f86f1101', 'hex'),
        Buffer.alloc(70_000),
        Buffer.from('0f01000100', 'hex'),
      ]),
      'not there',
    ],
  ])('refuses a block %s', (_what, block, reason) => {
    expect(() => decompressed(block)).toThrow(DamagedFile);
    expect(() => decompressed(block)).toThrow(reason);
    // Also if it comes byte by byte.
    expect(() => decompressed(block, [1, 2])).toThrow(reason);
  });
});
