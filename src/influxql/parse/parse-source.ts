import type { Measurement, SelectStatement, Source } from '../select.js';
import type { TokenReader } from '../token-reader.js';
import { parseRegex } from './parse-regex.js';
import { parseSegments } from './parse-segments.js';

const colon = 58;

type ParseSelect = (reader: TokenReader, depth: number) => SelectStatement;

/** Parses what follows `FROM`: measurements, regular expressions and subqueries. */
export function parseSources(
  reader: TokenReader,
  parseSubquery: ParseSelect,
  depth: number,
): readonly Source[] {
  const sources = [parseSource(reader, parseSubquery, depth)];
  while (reader.take(',')) sources.push(parseSource(reader, parseSubquery, depth));
  return sources;
}

function parseSource(reader: TokenReader, parseSubquery: ParseSelect, depth: number): Source {
  const regex = parseRegex(reader);
  if (regex !== undefined) return place([], regex.pattern);
  if (reader.take('(')) {
    reader.require('SELECT');
    const select = parseSubquery(reader, depth + 1);
    reader.require(')');
    return { kind: 'subquery', select };
  }
  const names = parseSegments(reader);
  if (names.length === 3) return place(names);
  return place(names, parseRegex(reader)?.pattern);
}

/** Which of database, policy and name the written names are: a regular expression takes the place of the last. */
function place(names: readonly string[], regex?: string): Measurement {
  const all = regex === undefined ? names : [...names, ''];
  const [name = '', policy = '', database = ''] = all.toReversed();
  return { kind: 'measurement', database, policy, name, ...(regex === undefined ? {} : { regex }) };
}

/** Parses what follows `INTO`: a measurement, or `:MEASUREMENT` after a policy. */
export function parseTarget(reader: TokenReader): Measurement {
  const names = parseSegments(reader);
  if (names.length === 3 || reader.peekUnit() !== colon) return place(names);
  reader.require(':');
  reader.require('MEASUREMENT');
  return place([...names, '']);
}
