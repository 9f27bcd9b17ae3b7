import type { DeltaBuilder } from '../../delta/delta-builder.js';
import type { Inside } from './message-tree.js';
import { Malformed, WireReader } from './wire-reader.js';

/** A shorter copy takes more bytes in a delta than it copies. */
const shortestCopy = 8;

/** A field of a message: its tag, and the offsets of its start, value and end. */
interface Field {
  readonly tag: number;
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

/**
 * Appends to `builder` how the record `fresh` is made from `old`, which is at `offset` in the base. Equal fields and nested messages are
 * copied at any depth; messages are compared with those of the same name or id. Both are whole fields of the root.
 */
export function diffRecords(
  builder: DeltaBuilder,
  old: Buffer,
  offset: number,
  fresh: Buffer,
  inside: Inside,
): void {
  const diff = new RecordDiff(old, fresh);
  try {
    diff.compare(fieldsOf(old, 0, old.length), fieldsOf(fresh, 0, fresh.length), inside);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    // The caller provided unknown fields that are not well-formed.
    builder.insert(fresh);
    return;
  }
  let position = 0;
  for (const { from, start, end } of diff.same) {
    if (end - start < shortestCopy) continue;
    builder.insert(fresh.subarray(position, start));
    builder.copy(offset + from, end - start);
    position = end;
  }
  builder.insert(fresh.subarray(position));
}

/** A stretch of the fresh record that is in the old one too, at `from`. */
interface Same {
  readonly from: number;
  readonly start: number;
  readonly end: number;
}

class RecordDiff {
  /** In the order of the fresh record. */
  readonly same: Same[] = [];

  constructor(
    private readonly old: Buffer,
    private readonly fresh: Buffer,
  ) {}

  /** Compares two messages by their fields. */
  compare(before: readonly Field[], after: readonly Field[], inside: Inside): void {
    const most = Math.min(before.length, after.length);
    let front = 0;
    while (front < most && this.equal(before[front], after[front])) front++;
    let back = 0;
    while (back < most - front && this.equal(before.at(-1 - back), after.at(-1 - back))) back++;
    this.keepAll(before.slice(0, front), after.slice(0, front));
    this.compareChanged(
      before.slice(front, before.length - back),
      after.slice(front, after.length - back),
      inside,
    );
    this.keepAll(before.slice(before.length - back), after.slice(after.length - back));
  }

  private compareChanged(before: readonly Field[], after: readonly Field[], inside: Inside): void {
    const partners = this.partners(before, after, inside);
    for (const [i, field] of after.entries()) {
      const partner = partners[i];
      if (partner === undefined) continue;
      const deeper = inside[field.tag]?.inside;
      if (this.equal(partner, field)) this.keep(partner.start, field.start, field.end);
      else if (deeper !== undefined) {
        const [old, fresh] = [this.old, this.fresh];
        this.compare(
          fieldsOf(old, partner.body, partner.end),
          fieldsOf(fresh, field.body, field.end),
          deeper,
        );
      }
    }
  }

  /** Returns for each new field the corresponding old one: of the same name or id, or else the next one with its tag that has none. */
  private partners(
    before: readonly Field[],
    after: readonly Field[],
    inside: Inside,
  ): readonly (Field | undefined)[] {
    const named = new Map<string, Field>();
    for (const field of before) named.set(keyOf(this.old, field, inside), field);
    const left = new Set(before);
    const found = after.map((field) => {
      const partner = named.get(keyOf(this.fresh, field, inside));
      return partner !== undefined && left.delete(partner) ? partner : undefined;
    });
    return found.map((partner, i) => {
      if (partner !== undefined) return partner;
      for (const field of left) {
        if (field.tag === after[i]?.tag && left.delete(field)) return field;
      }
      return undefined;
    });
  }

  private equal(before: Field | undefined, after: Field | undefined): boolean {
    if (before === undefined || after === undefined) return false;
    return this.fresh.compare(this.old, before.start, before.end, after.start, after.end) === 0;
  }

  /** Equal fields, one after the other in both. */
  private keepAll(before: readonly Field[], after: readonly Field[]): void {
    const [first, start, end] = [before[0], after[0], after.at(-1)];
    if (first !== undefined && start !== undefined && end !== undefined)
      this.keep(first.start, start.start, end.end);
  }

  private keep(from: number, start: number, end: number): void {
    const last = this.same.at(-1);
    if (last?.end === start && last.from + last.end - last.start === from) {
      this.same[this.same.length - 1] = { from: last.from, start: last.start, end };
    } else {
      this.same.push({ from, start, end });
    }
  }
}

/** Identifies a field: a message by its tag and its first field, which is its name or its id; any other by its tag. */
function keyOf(bytes: Buffer, { tag, body, end }: Field, inside: Inside): string {
  if (inside[tag] === undefined || body === end) return String(tag);
  const reader = new WireReader(bytes);
  reader.pos = body;
  reader.skip(reader.tag(), body, end);
  return `${tag} ${bytes.toString('latin1', body, reader.pos)}`;
}

function fieldsOf(bytes: Buffer, start: number, end: number): Field[] {
  const reader = new WireReader(bytes);
  reader.pos = start;
  const fields: Field[] = [];
  while (reader.pos < end) {
    const begin = reader.pos;
    const tag = reader.tag();
    const value = reader.pos;
    reader.skip(tag, begin, end);
    fields.push({ tag, start: begin, body: bodyOf(bytes, tag, value, end), end: reader.pos });
  }
  reader.finish(end);
  return fields;
}

/** Returns where the value of a field begins, after its length, if it has one. */
function bodyOf(bytes: Buffer, tag: number, value: number, end: number): number {
  if ((tag & 7) !== 2) return value;
  const reader = new WireReader(bytes);
  reader.pos = value;
  reader.delimitedEnd(end);
  return reader.pos;
}
