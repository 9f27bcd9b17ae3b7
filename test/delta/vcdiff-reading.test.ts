import { isCfluxError } from 'clusterflux';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyDelta } from '../../src/delta/apply-delta.js';
import { parseVcdiff } from '../../src/delta/vcdiff/parse-vcdiff.js';
import { randomBelow } from '../support/fuzzing.js';
import { randomVcdiff } from './support/random-vcdiff.js';
import { ascii, header, integer, vcdiff, window } from './support/vcdiff-bytes.js';

function read(bytes: Uint8Array, base: Uint8Array | string = '', maxLength = 1_000_000): string {
  const source = Buffer.from(base);
  const delta = parseVcdiff(bytes, { baseLength: source.length, maxLength });
  for (const { bytes: inserted, length } of delta.instructions)
    if (inserted !== undefined) expect(inserted.length).toBe(length);
  return applyDelta(delta, source).toString('latin1');
}

function refusal(bytes: Uint8Array, base = '', maxLength = 1_000_000): string {
  try {
    return `made ${JSON.stringify(read(bytes, base, maxLength))}`;
  } catch (error) {
    if (!isCfluxError(error)) throw error;
    return `${error.code} ${error.message}`;
  }
}

describe('the example of RFC 3284, section 3', () => {
  const base = 'abcdefghijklmnop';
  const target = 'abcdwxyzefghefghefghefghzzzz';

  it('is read, with its copy that overlaps itself', () => {
    const delta = vcdiff({
      segment: [16, 0],
      target: 28,
      data: ascii('wxyzz'),
      instructions: [20, 5, 20, 19, 12, 0, 4],
      addresses: [0, 4, 24],
    });
    expect(read(delta, base)).toBe(target);
  });

  it('is read from any number of windows, the later ones over the target', () => {
    const delta = vcdiff(
      { segment: [4, 0], target: 8, data: ascii('wxyz'), instructions: [20, 5], addresses: [0] },
      { segment: [4, 4], target: 4, instructions: [20], addresses: [0] },
      { indicator: 2, segment: [4, 8], target: 12, instructions: [19, 12], addresses: [0] },
      { target: 4, data: ascii('z'), instructions: [0, 4] },
    );
    expect(read(delta, base)).toBe(target);
  });
});

/** The default code table by the rows of RFC 3284, section 5.6: type, size, mode, of each of the two. */
function tableRow(opcode: number): { copy?: [number, number]; add?: number; first: 'run' | 'add' | 'copy' } {
  if (opcode === 0) return { first: 'run' };
  if (opcode <= 18) return { first: 'add', add: opcode - 1 };
  if (opcode <= 162) {
    const place = (opcode - 19) % 16;
    return { first: 'copy', copy: [Math.floor((opcode - 19) / 16), place === 0 ? 0 : place + 3] };
  }
  if (opcode <= 234) {
    const place = opcode - 163;
    const added = Math.floor((place % 12) / 3) + 1;
    return { first: 'add', add: added, copy: [Math.floor(place / 12), 4 + (place % 3)] };
  }
  if (opcode <= 246) {
    const place = opcode - 235;
    return { first: 'add', add: (place % 4) + 1, copy: [6 + Math.floor(place / 4), 4] };
  }
  return { first: 'copy', copy: [opcode - 247, 4], add: 1 };
}

it('all 256 opcodes of the default code table are read', () => {
  const base = Array.from({ length: 800 }, (_, i) => String.fromCharCode(33 + (i % 90))).join('');
  for (let opcode = 0; opcode < 256; opcode++) {
    const { first, add, copy } = tableRow(opcode);
    const [mode = 0, copySize = 0] = copy ?? [];
    // Beyond all near addresses, among the same ones of each mode.
    const address = mode < 6 ? 30 : 256 * (mode - 6) + 30;
    const copied = copySize || 25;
    const added = add === undefined ? '' : 'y'.repeat(add || 40);
    const before = first === 'add' ? added.length : 0;
    const written = [
      address,
      ...[803 + before - address, address - 10, address, address, address, 30, 30, 30],
    ][mode];
    const delta = vcdiff({
      segment: [800, 0],
      // The first copy is of one byte each from 10, and from the address, so that both are known; the next two are at 0 and 1.
      target: 3 + added.length + (copy === undefined ? 0 : copied) + (first === 'run' ? 9 : 0),
      data: first === 'run' ? ascii('x') : ascii(added),
      instructions: [
        ...[19, 1, 19, 1, 19, 1],
        opcode,
        ...(first === 'run' ? [9] : []),
        ...(add === 0 ? [40] : []),
        ...(copy !== undefined && copySize === 0 ? [copied] : []),
      ],
      addresses: [10, ...integer(address), 0, ...(copy === undefined ? [] : integer(written ?? 0))],
    });
    // Near addresses are 10, the address, 0, and 0 from the beginning.
    const start = mode === 3 ? address + address : address;
    const copiedText = copy === undefined ? '' : base.slice(start, start + copied);
    const expected = first === 'copy' ? copiedText + added : added + copiedText;
    const known = `${base[10]}${base[address]}${base[0]}`;
    expect(`${opcode} ${read(delta, base)}`).toBe(
      `${opcode} ${known}${first === 'run' ? 'x'.repeat(9) : expected}`,
    );
  }
});

describe('addresses', () => {
  const base = 'abcdefghijklmnop';

  it('of the near modes are relative to the last four, of which the oldest is replaced', () => {
    const copies = [19, 1, 19, 1, 19, 1, 19, 1, 19, 1];
    // Known then: 9 (in place of 2), 4, 6, 8.
    const near = (mode: number, address: number) => ({
      segment: [16, 0] as const,
      target: 6,
      instructions: [...copies, 19 + 16 * mode, 1],
      addresses: [2, 4, 6, 8, 9, address],
    });
    expect(read(vcdiff(near(2, 1)), base)).toBe('cegijk');
    expect(read(vcdiff(near(3, 1)), base)).toBe('cegijf');
    expect(read(vcdiff(near(4, 1)), base)).toBe('cegijh');
    expect(read(vcdiff(near(5, 0)), base)).toBe('cegiji');
  });

  it('R29: are reset with each window', () => {
    const first = { segment: [16, 0] as const, target: 1, instructions: [19, 1], addresses: [5] };
    const second = { segment: [16, 0] as const, target: 1, instructions: [19 + 32, 1], addresses: [2] };
    expect(read(vcdiff(first, second), base)).toBe('fc');
  });

  it('may lie in the segment while the copy ends in the window', () => {
    const delta = vcdiff({
      segment: [4, 2],
      target: 9,
      data: ascii('xy'),
      instructions: [3, 19, 7],
      addresses: [2],
    });
    expect(read(delta, base)).toBe('xyefxyefx');
  });
});

it('the sizes 0 and the empty windows are read, and the empty delta', () => {
  expect(read(Buffer.from(header), 'abc')).toBe('');
  expect(read(vcdiff({ target: 0 }, { segment: [0, 3], target: 0 }), 'abc')).toBe('');
  const nothing = { segment: [3, 0] as const, target: 1, data: ascii('x'), instructions: [1, 0, 19, 0, 2] };
  expect(read(vcdiff({ ...nothing, addresses: [1] }), 'abc')).toBe('x');
});

it('numbers may begin with zeros', () => {
  const padded = vcdiff({ target: 3, data: ascii('abc'), instructions: [1, 0x80, 0x80, 3] });
  expect(read(padded)).toBe('abc');
});

it('a random delta of every kind makes its target', () => {
  const base = fc.uint8Array({ maxLength: 1000 });
  fc.assert(
    fc.property(fc.integer(), base, (seed, bytes) => {
      const { bytes: delta, target } = randomVcdiff(randomBelow(seed), bytes);
      expect(read(delta, bytes)).toBe(target.toString('latin1'));
    }),
    { numRuns: 1500 },
  );
});

describe('R29: refused, with the offset:', () => {
  const base = 'abcdefghijklmnop';
  const plain = { segment: [16, 0] as const, target: 4, instructions: [20], addresses: [2] };
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ['nothing at all', Buffer.from([]), 'the delta ends too soon (byte 0)'],
    ['a header cut short', Buffer.from(header.slice(0, 4)), 'the delta ends too soon (byte 4)'],
    ['other bytes', Buffer.from('{"a":1}'), 'it does not begin like VCDIFF of RFC 3284 (byte 0)'],
    ['the version of SDCH', Buffer.from([0xd6, 0xc3, 0xc4, 0x53, 0]), 'RFC 3284 (byte 3)'],
    [
      'secondary compression',
      Buffer.from([...header.slice(0, 4), 1, 2]),
      'secondary compression, which is not supported (byte 4)',
    ],
    [
      'a code table',
      Buffer.from([...header.slice(0, 4), 2]),
      'a code table of its own, which is not supported (byte 4)',
    ],
    [
      'an application header',
      Buffer.from([...header.slice(0, 4), 4, 0]),
      'an application header of xdelta, which is not supported (byte 4)',
    ],
    [
      'unknown bits of the header',
      Buffer.from([...header.slice(0, 4), 8]),
      'does not define, which is not supported (byte 4)',
    ],
    [
      'a compressed section',
      vcdiff({ ...plain, deltaIndicator: 1 }),
      'secondary compression, which is not supported (byte 10)',
    ],
    ['a checksum', vcdiff({ ...plain, indicator: 5 }), '(VCD_ADLER32), which is not supported (byte 5)'],
    ['both segments', vcdiff({ ...plain, indicator: 3 }), 'copies from both base and target (byte 5)'],
    [
      'unknown bits of a window',
      vcdiff({ ...plain, indicator: 9 }),
      'the indicator 9, which RFC 3284 does not define (byte 5)',
    ],
    [
      'a segment beyond the base',
      vcdiff({ ...plain, segment: [15, 2] }),
      'from the bytes 2 to 17 of the base, which has 16 (byte 6)',
    ],
    [
      'a segment beyond the target so far',
      vcdiff(plain, { ...plain, indicator: 2, segment: [4, 1] }),
      'from the bytes 1 to 5 of the target so far, which has 4 (byte 17)',
    ],
    [
      'a window beyond the end',
      vcdiff({ ...plain, lies: { delta: 8 } }),
      'a window of 8 bytes goes beyond the end of the delta (byte 9)',
    ],
    ['a window cut short', vcdiff({ ...plain, lies: { delta: 6 } }), 'goes beyond the end of a window'],
    [
      'sections beyond the window',
      vcdiff({ ...plain, lies: { sections: [0, 1, 2] } }),
      'the section of addresses of 2 bytes goes beyond the end of a window (byte 15)',
    ],
    [
      'bytes behind the sections',
      vcdiff({ ...plain, lies: { sections: [0, 1, 0] } }),
      'a window has unused bytes (byte 15)',
    ],
    [
      'a window that makes more',
      vcdiff({ ...plain, target: 3 }),
      'produces more than the 3 bytes that it declares (byte 14)',
    ],
    [
      'a window that makes less',
      vcdiff({ ...plain, target: 5 }),
      'produces 4 bytes but declares 5 (byte 15)',
    ],
    [
      'inserted bytes left over',
      vcdiff({ ...plain, data: [1] }),
      'inserted bytes has unused bytes (byte 14)',
    ],
    ['addresses left over', vcdiff({ ...plain, addresses: [2, 3] }), 'addresses has unused bytes (byte 16)'],
    [
      'inserted bytes missing',
      vcdiff({ target: 4, data: [1, 2, 3], instructions: [5] }),
      'the section of inserted bytes ends too soon: it lacks some of the next 4 bytes (byte 12)',
    ],
    [
      'the byte of a run missing',
      vcdiff({ target: 4, instructions: [0, 4] }),
      'the section of inserted bytes ends too soon (byte 12)',
    ],
    [
      'a size missing',
      vcdiff({ target: 4, data: [1], instructions: [0] }),
      'the section of instructions ends too soon (byte 14)',
    ],
    [
      'an address missing',
      vcdiff({ ...plain, addresses: [] }),
      'the section of addresses ends too soon (byte 15)',
    ],
    [
      'an address here',
      vcdiff({ ...plain, addresses: [16] }),
      'has the address 16, but there are only 16 bytes before it (byte 15)',
    ],
    [
      'an address before the beginning',
      vcdiff({ ...plain, instructions: [36], addresses: [17] }),
      'has the address -1, but there are only 16 bytes before it (byte 15)',
    ],
    [
      'a number without end',
      Buffer.from([...header, 0, ...new Array<number>(30).fill(0xff)]),
      'a number is too large (byte 6)',
    ],
  ];

  it.each(cases)('%s', (_name, bytes, message) => {
    const text = refusal(bytes, base);
    expect(text).toContain(`MALFORMED_DELTA cannot read the delta: `);
    expect(text).toContain(message);
    expect(text).toMatch(/ \(byte \d+\); use the whole snapshot instead$/);
  });
});

describe('R29: memory is bounded:', () => {
  it('a target above the limit is refused before anything is read of it', () => {
    const huge = vcdiff({ target: 2 ** 40, data: [0], instructions: [0, ...integer(2 ** 40)] });
    expect(refusal(huge)).toMatch(
      /^TOO_LARGE .* 1099511627776 bytes, but at most 1000000 are permitted \(byte 7\)/,
    );
    const two = vcdiff(
      { target: 600, data: [0], instructions: [0, ...integer(600)] },
      { target: 600, data: [0], instructions: [0, ...integer(600)] },
    );
    expect(refusal(two, '', 1199)).toContain('TOO_LARGE');
    expect(refusal(two, '', 1200)).toBe(`made ${JSON.stringify('\0'.repeat(1200))}`);
  });

  it('a run or a copy above what its window declares is refused before it is made', () => {
    const run = vcdiff({ target: 10, data: [0], instructions: [0, ...integer(2 ** 50)] });
    expect(refusal(run)).toContain('produces more than the 10 bytes that it declares');
    const copy = vcdiff({
      segment: [3, 0],
      target: 10,
      instructions: [19, ...integer(2 ** 50)],
      addresses: [0],
    });
    expect(refusal(copy, 'abc')).toContain('produces more than the 10 bytes that it declares');
  });

  it('a copy of itself that repeats is one insert', () => {
    const length = 1_000_000;
    const delta = vcdiff({
      target: length,
      data: [7],
      instructions: [2, 19, ...integer(length - 1)],
      addresses: [0],
    });
    const { instructions } = parseVcdiff(delta, { baseLength: 0, maxLength: length });
    expect(instructions.map((instruction) => instruction.length)).toEqual([length]);
  });

  it('copies of itself that multiply instructions are refused when these took more memory than the target', () => {
    // Two single bytes of the base in turn, again and again.
    const instructions = [
      19,
      1,
      19,
      1,
      ...Array.from({ length: 16 }, (_, i) => [19, ...integer(2 ** (i + 1))]).flat(),
    ];
    const addresses = [0, 5, ...new Array<number>(16).fill(8)];
    const delta = vcdiff({ segment: [8, 0], target: 2 ** 17, instructions, addresses });
    expect(refusal(delta, 'abcdefgh')).toMatch(
      /^TOO_LARGE the delta is too large: it needs more than \d+ instr/,
    );
    const smaller = vcdiff({
      segment: [8, 0],
      target: 2 ** 11,
      instructions: instructions.slice(0, 4 + 2 * 6 + 3 * 4),
      addresses: addresses.slice(0, 12),
    });
    expect(read(smaller, 'abcdefgh')).toBe('af'.repeat(2 ** 10));
  });
});

it('a window is read to its own end only', () => {
  const [first, second] = [
    { target: 1, data: ascii('x'), instructions: [2] },
    { target: 1, data: ascii('y'), instructions: [2] },
  ];
  expect(read(Buffer.from([...header, ...window(first), ...window(second)]))).toBe('xy');
});
