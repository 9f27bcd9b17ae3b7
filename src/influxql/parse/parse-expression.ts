import { DurationRefusal, durationOf } from '../duration-literal.js';
import type { Expression, Operand } from '../select.js';
import { errorAt, syntaxError } from '../syntax-error.js';
import type { Token } from '../token.js';
import type { TokenReader } from '../token-reader.js';
import { checkDepth } from './depth.js';
import { parseRegex } from './parse-regex.js';
import { parseSegments } from './parse-segments.js';
import { integerOf } from './parse-values.js';

const operators: ReadonlySet<string> = new Set('+ - * / % & | ^ AND OR = != =~ !~ < <= > >='.split(' '));
const maxUint64 = 2n ** 64n - 1n;
const maxInt64 = 2n ** 63n - 1n;

/** Operands and the operators between them. */
export function parseExpression(reader: TokenReader, depth: number): Expression {
  checkDepth(depth);
  const first = parseOperand(reader, depth);
  if (!operators.has(reader.peek().kind)) return first;
  const operands = [...first.operands];
  const found = [...first.operators];
  for (;;) {
    const { kind } = reader.next();
    if (!operators.has(kind)) {
      reader.unscan();
      return { operands, operators: found };
    }
    found.push(kind);
    if (kind !== '=~' && kind !== '!~') {
      const part = parseOperand(reader, depth);
      operands.push(...part.operands);
      found.push(...part.operators);
    } else {
      const regex = parseRegex(reader);
      if (regex === undefined) throw reader.unexpected(reader.next(), 'regex');
      operands.push(regex);
    }
  }
}

const single = (operand: Operand): Expression => ({ operands: [operand], operators: [] });

function parseOperand(reader: TokenReader, depth: number): Expression {
  const token = reader.next();
  switch (token.kind) {
    case '(':
      return single(parseParenthesis(reader, depth));
    case 'IDENT':
      if (reader.scan().kind === '(') return single(parseCall(reader, token.text, depth));
      reader.unscan();
      reader.unscan();
      return single(parseReference(reader));
    case 'DISTINCT':
      return single(parseDistinct(reader, depth));
    case '*':
      return single(parseWildcard(reader));
    case '+':
    case '-':
      return parseSigned(reader, token.kind, depth);
    default:
      return single(parseLiteral(reader, token));
  }
}

function parseParenthesis(reader: TokenReader, depth: number): Operand {
  const inner = parseExpression(reader, depth + 1);
  reader.require(')');
  return { kind: 'parenthesis', inner };
}

/** Behind its opening parenthesis. */
function parseCall(reader: TokenReader, name: string, depth: number): Operand {
  const args: Expression[] = [];
  const call = { kind: 'call', name: name.toLowerCase(), args } as const;
  const regex = parseRegex(reader);
  if (regex !== undefined) args.push(single(regex));
  else {
    if (reader.scan().kind === ')') return call;
    reader.unscan();
    args.push(parseExpression(reader, depth + 1));
  }
  while (reader.take(',')) {
    const next = parseRegex(reader);
    args.push(next === undefined ? parseExpression(reader, depth + 1) : single(next));
  }
  const close = reader.scan();
  if (close.kind !== ')') throw reader.unexpected(close, ')');
  return call;
}

const types: ReadonlySet<string> = new Set(['float', 'integer', 'unsigned', 'string', 'boolean']);

function parseReference(reader: TokenReader): Operand {
  const name = parseSegments(reader).join('.');
  if (reader.scan().kind !== '::') {
    reader.unscan();
    return { kind: 'reference', name, type: '' };
  }
  const token = reader.scan();
  const type = token.kind === 'IDENT' ? token.text.toLowerCase() : fieldOrTag(token);
  if (type === undefined || (token.kind === 'IDENT' && !types.has(type))) {
    throw reader.unexpected(token, ...types, 'field', 'tag');
  }
  return { kind: 'reference', name, type };
}

function fieldOrTag({ kind }: Token): string | undefined {
  return kind === 'FIELD' || kind === 'TAG' ? kind.toLowerCase() : undefined;
}

function parseWildcard(reader: TokenReader): Operand {
  if (reader.scan().kind !== '::') {
    reader.unscan();
    return { kind: 'wildcard', type: '' };
  }
  const token = reader.scan();
  const type = fieldOrTag(token);
  if (type === undefined) throw reader.unexpected(token, 'field', 'tag');
  return { kind: 'wildcard', type };
}

function parseDistinct(reader: TokenReader, depth: number): Operand {
  const token = reader.scan();
  if (token.kind === '(') return parseCall(reader, 'distinct', depth);
  if (token.kind !== 'WS') throw reader.unexpected(token, '(', 'identifier');
  return { kind: 'distinct', name: reader.name() };
}

/** A sign is part of the number after it; before any other operand it becomes a multiplication. */
function parseSigned(reader: TokenReader, sign: '+' | '-', depth: number): Expression {
  const token = reader.next();
  if (!['NUMBER', 'INTEGER', 'DURATIONVAL', '(', 'IDENT'].includes(token.kind)) {
    throw reader.unexpected(token, 'identifier', 'number', 'duration', '(');
  }
  reader.unscan();
  const signed = parseOperand(reader, depth);
  const [operand] = signed.operands;
  const factor = sign === '-' ? -1n : 1n;
  if (operand?.kind === 'number') return single({ ...operand, value: Number(factor) * operand.value });
  if (operand?.kind === 'duration') return single({ ...operand, value: factor * operand.value });
  if (operand?.kind === 'integer') {
    if (factor < 0n && operand.value > maxInt64 + 1n) {
      throw syntaxError(`constant -${operand.value} underflows int64`);
    }
    return single({ ...operand, value: factor * operand.value });
  }
  return {
    operands: [{ kind: 'integer', value: factor }, ...signed.operands],
    operators: ['*', ...signed.operators],
  };
}

function parseLiteral(reader: TokenReader, token: Token): Operand {
  switch (token.kind) {
    case 'STRING':
      return { kind: 'string', value: token.text };
    case 'NUMBER': {
      const value = Number(token.text);
      if (!Number.isFinite(value)) throw errorAt(reader.text, token.at, 'unable to parse number');
      return { kind: 'number', value };
    }
    case 'INTEGER': {
      const value = integerOf(token.text, maxUint64);
      if (value === undefined) throw errorAt(reader.text, token.at, 'unable to parse integer');
      return { kind: 'integer', value };
    }
    case 'TRUE':
    case 'FALSE':
      return { kind: 'boolean', value: token.kind === 'TRUE' };
    case 'DURATIONVAL':
      return { kind: 'duration', value: unplacedDuration(token.text) };
    case 'REGEX':
      return { kind: 'regex', pattern: token.text };
    case 'BOUNDPARAM':
      throw syntaxError(
        token.text === '$' ? 'empty bound parameter' : `missing parameter: ${token.text.slice(1)}`,
      );
    default:
      throw reader.unexpected(token, 'identifier', 'string', 'number', 'bool');
  }
}

/** InfluxDB reports no place for an invalid duration inside an expression. */
function unplacedDuration(literal: string): bigint {
  try {
    return durationOf(literal);
  } catch (error) {
    throw error instanceof DurationRefusal ? syntaxError(error.message) : error;
  }
}
