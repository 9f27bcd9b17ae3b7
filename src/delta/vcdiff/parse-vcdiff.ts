import type { Delta } from '../delta.js';
import { DeltaBuilder } from '../delta-builder.js';
import { unreadable } from '../delta-errors.js';
import type { DeltaLimits } from '../delta-limits.js';
import { magic } from './format.js';
import { parseWindow } from './parse-window.js';
import { Section } from './section.js';

/** Bits of the header for unsupported features. */
const refusedParts: readonly (readonly [number, string])[] = [
  [0x01, 'secondary compression'],
  [0x02, 'a code table of its own'],
  [0x04, 'an application header of xdelta'],
  [0xf8, 'parts that RFC 3284 does not define'],
];

/** Largest number of instructions per byte of a delta: an opcode can stand for two. */
const grantedForEachByte = 2;
const grantedAtLeast = 4096;

/**
 * Parses a delta in VCDIFF (RFC 3284) with the default code table. Copies from the target itself are resolved, so that the result has
 * copies of the base and inserts only; inserts are views of `bytes` if possible.
 *
 * Memory is limited by the bytes of the delta and the length of the target; both are checked before anything is allocated.
 *
 * @throws CfluxError `MALFORMED_DELTA` naming the offset; `TOO_LARGE` if the target would have more than `maxLength` bytes, or if so many
 * instructions were needed that they took more memory than the target.
 */
export function parseVcdiff(bytes: Uint8Array, { baseLength, maxLength }: DeltaLimits): Delta {
  const delta = new Section(bytes, 'the delta', 0, bytes.length);
  readHeader(delta);
  const builder = new DeltaBuilder(grantedAtLeast + grantedForEachByte * bytes.length);
  while (!delta.isEmpty) parseWindow(delta, builder, { baseLength, maxLength });
  return builder.finish();
}

function readHeader(delta: Section): void {
  for (const expected of magic) {
    const offset = delta.position;
    if (delta.byte() !== expected) throw unreadable('it does not begin like VCDIFF of RFC 3284', offset);
  }
  const offset = delta.position;
  const indicator = delta.byte();
  for (const [bits, part] of refusedParts) {
    if ((indicator & bits) !== 0) throw unreadable(`it has ${part}, which is not supported`, offset);
  }
}
