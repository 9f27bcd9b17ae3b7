import type { Mutant } from './mutant.js';

const reading = ['delta/vcdiff-reading.test.ts'];
const metadata = ['meta/deltas.test.ts'];
const composing = ['delta/apply-and-compose.test.ts'];

/** R29, as far as deltas themselves go. */
export const deltaMutants: readonly Mutant[] = [
  {
    rule: 'R29',
    breaks: 'a target of any length is produced',
    file: 'delta/vcdiff/parse-window.ts',
    find: 'length > limits.maxLength - builder.length',
    replace: 'false',
    tests: reading,
  },
  {
    rule: 'R29',
    breaks: 'a window may produce more bytes than it declares',
    file: 'delta/vcdiff/parse-window.ts',
    find: 'length > this.length - this.#made',
    replace: 'false',
    tests: reading,
  },
  {
    rule: 'R29',
    breaks: 'the address cache is not reset between windows',
    file: 'delta/vcdiff/parse-window.ts',
    find: 'readonly #cache = new AddressCache();',
    replace: 'static readonly cache = new AddressCache(); readonly #cache = WindowParser.cache;',
    tests: reading,
  },
  {
    rule: 'R29',
    breaks: 'instructions multiply without a limit',
    file: 'delta/delta-builder.ts',
    find: 'this.instructions.length >= this.granted + this.length / bytesOfInstruction',
    replace: 'false',
    tests: [...reading, ...composing],
  },
  {
    rule: 'R29',
    breaks: 'a copy beyond the base is truncated silently',
    file: 'delta/apply-delta.ts',
    find: 'from + length > baseLength',
    replace: 'false',
    tests: composing,
  },
  {
    rule: 'R29',
    breaks: 'records are reused from the base although its bytes decode to different ones',
    file: 'meta/codec/decode-delta.ts',
    find: 'lossy ? undefined : decodeSparsely',
    replace: 'false ? undefined : decodeSparsely',
    tests: metadata,
  },
  {
    rule: 'R29',
    breaks: 'a change inside a record sends all of it',
    file: 'meta/codec/diff-records.ts',
    find: 'deeper !== undefined',
    replace: 'false',
    tests: metadata,
  },
  {
    rule: 'R29',
    breaks: 'records that a delta does not touch are decoded again',
    file: 'meta/codec/decode-delta.ts',
    find: 'if (from >= to) continue;',
    replace: 'continue;',
    tests: metadata,
  },
];
