import { decodeMetadata, encodeMetadata, isCfluxError, type MetaData } from 'clusterflux';
import { expect, it } from 'vitest';
import { omitStacks, type RandomBelow, randomBelow } from '../support/fuzzing.js';
import { influxdbFile } from './support/influxdb-files.js';
import { delimited, fixed64, group, number, oneOfEach } from './support/wire.js';

/** More for a night: `FUZZ_RUNS=1000000`. */
const inputs = Number(process.env['FUZZ_RUNS'] ?? 200_000);

/** Well-formed metadata, small ones, to begin with. */
const corpus: readonly Uint8Array[] = [
  oneOfEach(() => []),
  oneOfEach(() => number(15, 300)),
  oneOfEach(() => [...delimited(16, 'text'), ...fixed64(17), ...group(18, number(1, 1))]),
  influxdbFile('empty-fresh.db').bytes,
  influxdbFile('no-autogen.db').bytes,
  influxdbFile('truncated-owners.input.db').bytes,
];

const nasty = [0x00, 0x01, 0x07, 0x7f, 0x80, 0xff, 0x0a, 0x0b, 0x0c, 0x0f, 0x2a, 0x32];

/** One to four changes: other bits, other bytes, bytes more, bytes less, an end sooner, a piece of another input. */
function mutated(random: RandomBelow): Uint8Array {
  const base = corpus[random(corpus.length)] ?? new Uint8Array();
  const room = new Uint8Array(base.length + 64);
  room.set(base);
  let length = base.length;
  for (let changes = 1 + random(4); changes > 0 && length > 0; changes--) {
    const at = random(length);
    const kind = random(6);
    if (kind === 0) room[at] = (room[at] ?? 0) ^ (1 << random(8));
    else if (kind === 1) room[at] = nasty[random(nasty.length)] ?? 0;
    else if (kind === 2 && length < room.length) {
      room.copyWithin(at + 1, at, length++);
      room[at] = random(256);
    } else if (kind === 3) {
      room.copyWithin(at, at + 1, length--);
    } else if (kind === 4 && random(8) === 0) {
      length = at;
    } else {
      const other = corpus[random(corpus.length)] ?? base;
      const from = random(other.length);
      room.set(other.subarray(from, from + Math.min(random(16), room.length - at)), at);
    }
  }
  return room.subarray(0, length);
}

/** Reads and writes it once more: what was accepted must be metadata in full. */
function checkAccepted(data: MetaData, bytes: Uint8Array): void {
  const again = encodeMetadata(data);
  expect(decodeMetadata(again)).toEqual(data);
  expect(decodeMetadata(bytes, data)).toEqual(data);
  expect(decodeMetadata(encodeMetadata(structuredClone(data)))).toEqual(data);
}

it(`whatever the bytes, they are metadata or refused: ${inputs.toLocaleString('en')} inputs`, () => {
  omitStacks();
  const seed = Date.now() | 0;
  const random = randomBelow(seed);
  let accepted = 0;
  let refused = 0;
  for (let i = 0; i < inputs; i++) {
    const bytes = mutated(random);
    try {
      const data = decodeMetadata(bytes);
      if (accepted++ % 500 === 0) checkAccepted(data, bytes);
    } catch (error) {
      if (!isCfluxError(error, 'MALFORMED_METADATA')) {
        const input = Buffer.from(bytes).toString('hex');
        throw new Error(`seed ${seed}, input ${i}: ${input}`, { cause: error });
      }
      refused++;
    }
  }
  // Both must have been tried.
  expect(accepted).toBeGreaterThan(inputs / 100);
  expect(refused).toBeGreaterThan(inputs / 10);
}, 300_000);
