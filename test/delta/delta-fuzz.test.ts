import { isCfluxError } from 'clusterflux';
import { expect, it } from 'vitest';
import { applyDelta } from '../../src/delta/apply-delta.js';
import { composeDeltas } from '../../src/delta/compose-deltas.js';
import type { Delta } from '../../src/delta/delta.js';
import { parseVcdiff } from '../../src/delta/vcdiff/parse-vcdiff.js';
import { printVcdiff } from '../../src/delta/vcdiff/print-vcdiff.js';
import { omitStacks, type RandomBelow, randomBelow } from '../support/fuzzing.js';
import { randomVcdiff } from './support/random-vcdiff.js';

/** More for a night: `FUZZ_RUNS=1000000`. A seed that failed is tried again with `FUZZ_SEED`. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 20_000);
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() | 0);

const maxLength = 20_000;
const nasty = [0x00, 0x01, 0x02, 0x04, 0x10, 0x13, 0x7f, 0x80, 0xff];

/** No change at all, or up to four: other bits, other bytes, bytes more, bytes less, an end sooner. */
function mutated(random: RandomBelow, bytes: Buffer): Buffer {
  const room = Buffer.alloc(bytes.length + 8);
  bytes.copy(room);
  let { length } = bytes;
  for (let changes = random(5); changes > 0 && length > 0; changes--) {
    const at = random(4) === 0 ? Math.min(length - 1, 4 + random(12)) : random(length);
    const kind = random(5);
    if (kind === 0) room[at] = (room[at] ?? 0) ^ (1 << random(8));
    else if (kind === 1) room[at] = nasty[random(nasty.length)] ?? 0;
    else if (kind === 2 && length < room.length) {
      room.copyWithin(at + 1, at, length++);
      room[at] = random(256);
    } else if (kind === 3) room.copyWithin(at, at + 1, length--);
    else if (random(8) === 0) length = at;
  }
  return room.subarray(0, length);
}

function isRefusal(error: unknown): boolean {
  return isCfluxError(error, 'MALFORMED_DELTA') || isCfluxError(error, 'TOO_LARGE');
}

function parsed(bytes: Buffer, baseLength: number): Delta | undefined {
  try {
    return parseVcdiff(bytes, { baseLength, maxLength });
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return undefined;
  }
}

/** What a delta takes beside the bytes that it was read from. */
function checkBounds({ length, instructions }: Delta, bytes: Buffer): void {
  const inserted = instructions.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
  const sum = instructions.reduce((sum, { length }) => sum + length, 0);
  if (length > maxLength || sum !== length || inserted > length)
    throw new Error('lengths are not what they are');
  if (instructions.length > 4096 + 2 * bytes.length + length / 64) throw new Error('too many instructions');
}

it(`R29: whatever the bytes, they are a delta or refused, and composing is applying twice: ${runs} inputs`, () => {
  omitStacks();
  const random = randomBelow(seed);
  let accepted = 0;
  for (let i = 0; i < runs; i++) {
    const base = Buffer.from(Array.from({ length: random(400) }, () => random(256)));
    const bytes = mutated(random, randomVcdiff(random, base).bytes);
    try {
      const first = parsed(bytes, base.length);
      if (first === undefined) continue;
      accepted++;
      checkBounds(first, bytes);
      const between = applyDelta(first, base);
      const again = parseVcdiff(printVcdiff(first), { baseLength: base.length, maxLength });
      if (!applyDelta(again, base).equals(between)) throw new Error('printed and parsed is another delta');
      const second = parsed(mutated(random, randomVcdiff(random, between).bytes), between.length);
      if (second === undefined) continue;
      const after = applyDelta(composeDeltas(first, second), base);
      if (!after.equals(applyDelta(second, between))) throw new Error('composed is another delta');
    } catch (error) {
      throw new Error(`FUZZ_SEED=${seed}, input ${i}: ${bytes.toString('hex')}`, { cause: error });
    }
  }
  // Both must have been tried.
  expect(accepted).toBeGreaterThan(runs / 20);
  expect(accepted).toBeLessThan(runs * 0.95);
});
