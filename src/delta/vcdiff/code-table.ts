/** The instruction types of RFC 3284. */
export const noop = 0;
export const add = 1;
export const run = 2;
export const copy = 3;

/** Half of an entry of the code table. A size of 0 means that the size follows in the section of instructions. */
export interface Half {
  readonly type: typeof noop | typeof add | typeof run | typeof copy;
  readonly size: number;
  /** The address mode of a copy. */
  readonly mode: number;
}

const nothing: Half = { type: noop, size: 0, mode: 0 };
const adding = (size: number): Half => ({ type: add, size, mode: 0 });
const copying = (size: number, mode: number): Half => ({ type: copy, size, mode });

/** Addresses have nine modes: two of their own, four near ones, three same ones. */
const modes = 9;

/** The opcode of a copy whose size follows; sizes from {@link leastCopy} to {@link maxCopy} have opcodes of their own. */
export const copyOpcode = (mode: number) => 19 + 16 * mode;
export const leastCopy = 4;
export const maxCopy = 18;

/** The opcode of an insert whose size follows; sizes from 1 to {@link maxAdd} have opcodes of their own, which come next. */
export const addOpcode = 1;
export const maxAdd = 17;

/** The default code table of RFC 3284, section 5.6: the one or two instructions of each opcode. */
export const codeTable: readonly (readonly [Half, Half])[] = [...entries()];

function* entries(): Generator<readonly [Half, Half]> {
  yield [{ type: run, size: 0, mode: 0 }, nothing];
  for (let size = 0; size <= maxAdd; size++) yield [adding(size), nothing];
  for (let mode = 0; mode < modes; mode++) {
    yield [copying(0, mode), nothing];
    for (let size = leastCopy; size <= maxCopy; size++) yield [copying(size, mode), nothing];
  }
  for (let mode = 0; mode < modes; mode++) {
    // The same modes have copies of four bytes only.
    const longest = mode < 6 ? 6 : 4;
    for (let added = 1; added <= 4; added++) {
      for (let size = 4; size <= longest; size++) yield [adding(added), copying(size, mode)];
    }
  }
  for (let mode = 0; mode < modes; mode++) yield [copying(4, mode), adding(1)];
}
