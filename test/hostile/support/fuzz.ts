import fc from 'fast-check';

/** Inputs for each property; more for a night: `FUZZ_RUNS=100000`. A seed that failed is tried again with `FUZZ_SEED`. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 150);
const seed = process.env['FUZZ_SEED'];

/** How a property is checked: fast-check prints the seed and the smallest input where it fails. */
export const settings = (share = 1): fc.Parameters<unknown> => ({
  numRuns: Math.max(1, Math.round(runs * share)),
  ...(seed === undefined ? {} : { seed: Number(seed) }),
});

/** Texts that programs stumble over. */
export const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    ' ',
    '.',
    '..',
    '%',
    '%ff',
    '%C0%AF',
    '__proto__',
    'constructor',
    '\0',
    '\u202e',
    '\ud800',
    '-1',
    'NaN',
    '1e309',
    '0x10',
    '\x1b[2J',
    'x'.repeat(5_000),
  ),
);

/** Numbers that are no ids, versions or times. */
export const oddNumber = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1e308, Number.MIN_VALUE),
);

/** Any JSON value. */
export const oddJson: fc.Arbitrary<unknown> = fc.oneof(fc.jsonValue({ maxDepth: 3 }), oddText, oddNumber);
