/** Compresses like no one would: every kind of element, chosen by `seed`, as far as the content permits. */
export function compressed(content: Buffer, seed = 1): Buffer {
  const elements: Buffer[] = [varint(content.length)];
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % below;
  };
  for (let at = 0; at < content.length; ) {
    const copy = repeated(content, at);
    if (copy !== undefined && random(8) > 0) {
      elements.push(copyElement(copy.offset, copy.length, random(3)));
      at += copy.length;
      continue;
    }
    const length = Math.min(content.length - at, 1 + random(at % 3 === 0 ? 70_000 : 40));
    elements.push(literal(content.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat(elements);
}

/** Finds bytes before `at` that are repeated there. */
function repeated(
  content: Buffer,
  at: number,
): { readonly offset: number; readonly length: number } | undefined {
  for (const offset of [1, 2, 7, 8, 12, 300, 3_000, 65_536]) {
    if (offset > at) return undefined;
    let length = 0;
    while (
      length < 64 &&
      at + length < content.length &&
      content[at + length] === content[at + length - offset]
    )
      length++;
    if (length >= 4) return { offset, length };
  }
  return undefined;
}

function copyElement(offset: number, length: number, kind: number): Buffer {
  if (kind === 0 && length <= 11 && offset < 2_048)
    return Buffer.of(1 | ((length - 4) << 2) | ((offset >> 8) << 5), offset & 0xff);
  const bytes = Buffer.alloc(kind === 2 || offset > 0xffff ? 5 : 3);
  bytes.writeUInt8(((length - 1) << 2) | (bytes.length === 5 ? 3 : 2));
  bytes.writeUIntLE(offset, 1, bytes.length - 1);
  return bytes;
}

function literal(content: Buffer): Buffer {
  const last = content.length - 1;
  if (last < 60) return Buffer.concat([Buffer.of(last << 2), content]);
  const extra = last < 2 ** 8 ? 1 : last < 2 ** 16 ? 2 : 3;
  const head = Buffer.alloc(1 + extra);
  head.writeUInt8((59 + extra) << 2);
  head.writeUIntLE(last, 1, extra);
  return Buffer.concat([head, content]);
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return Buffer.of(...bytes, rest);
}
