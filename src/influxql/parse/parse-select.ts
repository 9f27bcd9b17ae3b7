import type { Expression, SelectStatement } from '../select.js';
import { syntaxError } from '../syntax-error.js';
import type { TokenReader } from '../token-reader.js';
import { checkField } from './check-field.js';
import { checkDepth } from './depth.js';
import { parseExpression } from './parse-expression.js';
import { parseFill } from './parse-fill.js';
import { parseRegex } from './parse-regex.js';
import { parseSources, parseTarget } from './parse-source.js';
import { integerOf } from './parse-values.js';
import { parseZone } from './parse-zone.js';

const maxInt64 = 2n ** 63n - 1n;

/** Parses what follows `SELECT`. */
export function parseSelect(reader: TokenReader, needsTarget: boolean, depth = 0): SelectStatement {
  checkDepth(depth);
  const fields = parseFields(reader, depth);
  let target: SelectStatement['target'];
  if (needsTarget) reader.require('INTO');
  if (needsTarget || reader.take('INTO')) target = parseTarget(reader);
  reader.require('FROM');
  const sources = parseSources(reader, (inner, level) => parseSelect(inner, false, level), depth);
  const condition = reader.take('WHERE') ? parseExpression(reader, depth) : undefined;
  const dimensions = parseDimensions(reader, depth);
  const fill = parseFill(reader, depth);
  const order = parseOrder(reader);
  const limit = parseLimit(reader, 'LIMIT');
  const offset = parseLimit(reader, 'OFFSET');
  const seriesLimit = parseLimit(reader, 'SLIMIT');
  const seriesOffset = parseLimit(reader, 'SOFFSET');
  const zone = parseZone(reader, depth);
  return {
    fields,
    ...(target === undefined ? {} : { target }),
    sources,
    ...(condition === undefined ? {} : { condition }),
    dimensions,
    fill,
    ...(order === undefined ? {} : { order }),
    limit,
    offset,
    seriesLimit,
    seriesOffset,
    ...(zone === undefined ? {} : { zone }),
  };
}

function parseFields(reader: TokenReader, depth: number): SelectStatement['fields'] {
  const fields: { expression: Expression; alias: string }[] = [];
  do {
    const expression = parseField(reader, depth);
    const alias = reader.take('AS') ? reader.name() : '';
    reader.skipSpace();
    fields.push({ expression, alias });
  } while (reader.take(','));
  return fields;
}

function parseField(reader: TokenReader, depth: number): Expression {
  const regex = parseRegex(reader);
  if (regex !== undefined) return { operands: [regex], operators: [] };
  const { at } = reader.peek();
  const expression = parseExpression(reader, depth);
  checkField(expression, reader.text, at);
  return expression;
}

function parseDimensions(reader: TokenReader, depth: number): readonly Expression[] {
  if (!reader.take('GROUP')) return [];
  reader.require('BY');
  const dimensions: Expression[] = [];
  do {
    const regex = parseRegex(reader);
    if (regex !== undefined) dimensions.push({ operands: [regex], operators: [] });
    else {
      dimensions.push(parseExpression(reader, depth));
      reader.skipSpace();
    }
  } while (reader.take(','));
  return dimensions;
}

const onlyTime = () => syntaxError('only ORDER BY time supported at this time');

function parseOrder(reader: TokenReader): SelectStatement['order'] {
  if (!reader.take('ORDER')) return undefined;
  reader.require('BY');
  const token = reader.next();
  let ascending = token.kind === 'ASC';
  const named = token.kind === 'IDENT';
  if (named) {
    ascending = parseDirection(reader);
    if (token.text !== 'time') throw onlyTime();
  } else if (!ascending && token.kind !== 'DESC') {
    throw reader.unexpected(token, 'identifier', 'ASC', 'DESC');
  }
  let isSingle = true;
  while (reader.take(',')) {
    reader.name();
    parseDirection(reader);
    isSingle = false;
  }
  if (!isSingle) throw onlyTime();
  return { named, ascending };
}

/** Whether the order is ascending, as it is without a word. */
function parseDirection(reader: TokenReader): boolean {
  if (reader.take('DESC')) return false;
  reader.take('ASC');
  return true;
}

function parseLimit(reader: TokenReader, word: string): bigint {
  if (!reader.take(word)) return 0n;
  const token = reader.next();
  if (token.kind !== 'INTEGER') throw reader.unexpected(token, 'integer');
  return integerOf(token.text) ?? maxInt64;
}
