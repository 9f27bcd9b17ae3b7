import { root } from './message-tree.js';
import { WireReader } from './wire-reader.js';

/**
 * Returns the location of byte `offset` in the metadata, for example `databases[3].retentionPolicies[0]`; `''` is the root. Everything
 * before `offset` must be well-formed. It parses again from the start, so that decoding need not track locations.
 */
export function placeOf(bytes: Buffer, offset: number): string {
  const reader = new WireReader(bytes);
  const path: string[] = [];
  let inside = root;
  let end = bytes.length;
  let counts = new Map<number, number>();
  try {
    while (reader.pos < offset && reader.pos < end) {
      const start = reader.pos;
      const tag = reader.tag();
      const field = inside[tag];
      if (field === undefined) {
        reader.skip(tag, start, end);
        continue;
      }
      const position = counts.get(tag) ?? 0;
      counts.set(tag, position + 1);
      const fieldEnd = reader.delimitedEnd(end);
      // The field's own tag and length count as its inside: an empty message has nothing else.
      if (offset >= fieldEnd) {
        reader.pos = fieldEnd;
        continue;
      }
      path.push(`${field.name}[${position}]`);
      inside = field.inside;
      end = fieldEnd;
      counts = new Map();
    }
  } catch {
    // The input is known to be malformed: the location found so far is the result.
  }
  return path.join('.');
}
