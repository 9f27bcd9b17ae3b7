import type { QueryResult } from '../../influxql/execute/result-of.js';
import type { Cell, Series } from '../../influxql/execute/series.js';
import type { ResultFormat, ResultPart } from './result-format.js';

/** MessagePack, as the Python client requests it. A failed result has only its error. */
export class MsgpackFormat implements ResultFormat {
  readonly contentType = 'application/x-msgpack';

  write(result: QueryResult): ResultPart {
    const { statement_id: id, error, messages = [], series = [] } = result;
    if (error !== undefined) return { id, bytes: map(['error', string(error)]), error };
    const entries: [string, Buffer][] = [['statement_id', integer(id)]];
    if (messages.length > 0) {
      const written = messages.map(({ level, text }) =>
        map(['level', string(level)], ['text', string(text)]),
      );
      entries.push(['messages', array(written)]);
    }
    entries.push(['series', array(series.map(table))]);
    return { id, bytes: map(...entries), error: undefined };
  }

  split(body: Buffer, first: number): readonly ResultPart[] {
    const parts: ResultPart[] = [];
    for (let at = 0; at < body.length; ) {
      const { end, results } = readBody(body, at);
      for (const result of results) parts.push(partOf(body, result, first, first + parts.length));
      at = end;
    }
    return parts;
  }

  join(parts: readonly ResultPart[]): Buffer {
    return map(['results', array(parts.map(({ bytes }) => bytes))]);
  }

  error(text: string): Buffer {
    return map(['error', string(text)]);
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The places of the results in a body `{"results": […]}`. */
function readBody(body: Buffer, start: number): { readonly end: number; readonly results: readonly Span[] } {
  const head = headOf(body, start);
  const key = headOf(body, head.start);
  const list = headOf(body, key.start + key.length);
  const results: Span[] = [];
  let at = list.start;
  for (let count = 0; count < list.items; count += 1) {
    const end = endOf(body, at);
    results.push({ start: at, end });
    at = end;
  }
  return { end: at, results };
}

function partOf(body: Buffer, { start, end }: Span, first: number, position: number): ResultPart {
  let at = headOf(body, start).start;
  const key = textAt(body, at);
  at = endOf(body, at);
  if (key === 'error') return { id: position, bytes: body.subarray(start, end), error: textAt(body, at) };
  const after = endOf(body, at);
  const id = integerAt(body, at) + first;
  return {
    id,
    bytes: Buffer.concat([body.subarray(start, at), integer(id), body.subarray(after, end)]),
    error: undefined,
  };
}

interface Head {
  /** Offset after the head. */
  readonly start: number;
  /** Bytes that follow, apart from items. */
  readonly length: number;
  /** Values that follow. */
  readonly items: number;
}

/** Bytes of the head and of the value of the types 0xc0 to 0xd3 without a length. */
const fixed: ReadonlyMap<number, number> = new Map([
  [0xc0, 0],
  [0xc2, 0],
  [0xc3, 0],
  [0xca, 4],
  [0xcb, 8],
  [0xcc, 1],
  [0xcd, 2],
  [0xce, 4],
  [0xcf, 8],
  [0xd0, 1],
  [0xd1, 2],
  [0xd2, 4],
  [0xd3, 8],
  [0xd4, 2],
  [0xd5, 3],
  [0xd6, 5],
  [0xd7, 9],
  [0xd8, 17],
]);
/** Types with a length: bytes of the length, bytes besides what the length counts, and values for each item (0: it counts bytes). */
const sized: ReadonlyMap<number, readonly [width: 1 | 2 | 4, more: number, perItem: 0 | 1 | 2]> = new Map([
  [0xc4, [1, 0, 0]],
  [0xc5, [2, 0, 0]],
  [0xc6, [4, 0, 0]],
  [0xc7, [1, 1, 0]],
  [0xc8, [2, 1, 0]],
  [0xc9, [4, 1, 0]],
  [0xd9, [1, 0, 0]],
  [0xda, [2, 0, 0]],
  [0xdb, [4, 0, 0]],
  [0xdc, [2, 0, 1]],
  [0xdd, [4, 0, 1]],
  [0xde, [2, 0, 2]],
  [0xdf, [4, 0, 2]],
]);

function headOf(body: Buffer, at: number): Head {
  const type = body.readUInt8(at);
  const start = at + 1;
  if (type < 0x80 || type >= 0xe0) return { start, length: 0, items: 0 };
  if (type < 0x90) return { start, length: 0, items: (type & 0x0f) * 2 };
  if (type < 0xa0) return { start, length: 0, items: type & 0x0f };
  if (type < 0xc0) return { start, length: type & 0x1f, items: 0 };
  const length = fixed.get(type);
  if (length !== undefined) return { start, length, items: 0 };
  const [width, more, perItem] = sized.get(type) ?? [1, 0, 0];
  const count = body.readUIntBE(start, width);
  if (perItem === 0) return { start: start + width, length: count + more, items: 0 };
  return { start: start + width, length: 0, items: count * perItem };
}

/** Offset after the value at `at`, with everything in it. */
function endOf(body: Buffer, at: number): number {
  let end = at;
  for (let left = 1; left > 0; left -= 1) {
    const { start, length, items } = headOf(body, end);
    end = start + length;
    left += items;
  }
  return end;
}

function textAt(body: Buffer, at: number): string {
  const { start, length } = headOf(body, at);
  return body.toString('utf8', start, start + length);
}

function integerAt(body: Buffer, at: number): number {
  const type = body.readUInt8(at);
  if (type < 0x80) return type;
  const { start, length } = headOf(body, at);
  return length === 8 ? Number(body.readBigUInt64BE(start)) : body.readUIntBE(start, length);
}

function table({ name, columns, values = [] }: Series): Buffer {
  const entries: [string, Buffer][] = name === undefined || name === '' ? [] : [['name', string(name)]];
  entries.push(['columns', array(columns.map(string))]);
  entries.push(['values', array(values.map((row) => array(row.map(cell))))]);
  return map(...entries);
}

function cell(value: Cell): Buffer {
  if (value === null) return Buffer.from([0xc0]);
  if (typeof value === 'boolean') return Buffer.from([value ? 0xc3 : 0xc2]);
  if (typeof value === 'string') return string(value);
  if (typeof value === 'object') return array(value.map(string));
  return integer(Number(value));
}

/** Not negative, in the smallest signed type, as the server's library writes it. */
function integer(value: number): Buffer {
  if (value < 0x80) return Buffer.from([value]);
  const [type, width] = value < 0x8000 ? [0xd1, 2] : [0xd2, 4];
  return head(type, width, value);
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  const { length } = bytes;
  const start =
    length < 32
      ? Buffer.from([0xa0 | length])
      : length < 0x100
        ? head(0xd9, 1, length)
        : length < 0x10000
          ? head(0xda, 2, length)
          : head(0xdb, 4, length);
  return Buffer.concat([start, bytes]);
}

function array(items: readonly Buffer[]): Buffer {
  const { length } = items;
  const start =
    length < 16
      ? Buffer.from([0x90 | length])
      : length < 0x10000
        ? head(0xdc, 2, length)
        : head(0xdd, 4, length);
  return Buffer.concat([start, ...items]);
}

/** A map of fewer than 16 entries. */
const map = (...entries: readonly (readonly [string, Buffer])[]): Buffer =>
  Buffer.concat([
    Buffer.from([0x80 | entries.length]),
    ...entries.flatMap(([key, value]) => [string(key), value]),
  ]);

function head(type: number, width: number, value: number): Buffer {
  const bytes = Buffer.alloc(1 + width);
  bytes[0] = type;
  bytes.writeUIntBE(value, 1, width);
  return bytes;
}
