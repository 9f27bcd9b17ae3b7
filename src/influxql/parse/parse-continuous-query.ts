import { printDuration } from '../duration-literal.js';
import type { Expression, SelectStatement } from '../select.js';
import type { ClusterStatement, ContinuousQueryStatement } from '../statement.js';
import { syntaxError } from '../syntax-error.js';
import type { Token } from '../token.js';
import type { TokenReader } from '../token-reader.js';
import { parseSelect } from './parse-select.js';
import { durationOfToken } from './parse-values.js';

/** Parses what follows `CREATE CONTINUOUS QUERY`. */
export function parseCreateContinuousQuery(reader: TokenReader): ContinuousQueryStatement {
  const name = reader.name();
  reader.require('ON');
  const database = reader.name();
  const resample = reader.take('RESAMPLE') ? parseResample(reader) : { every: 0n, for: 0n };
  reader.require('BEGIN');
  reader.require('SELECT');
  const select = parseSelect(reader, true);
  const interval = checkedInterval(reader, select);
  reader.require('END');
  checkResample(resample, interval);
  return { kind: 'createContinuousQuery', name, database, ...resample, select };
}

/** Nanoseconds; at least one of the two must be given, and not be 0. */
function parseResample(reader: TokenReader): { every: bigint; for: bigint } {
  const every = reader.take('EVERY') ? durationOfToken(reader, reader.next()) : 0n;
  const duration = reader.take('FOR') ? durationOfToken(reader, reader.next()) : 0n;
  if (every === 0n && duration === 0n) throw reader.unexpected(reader.next(), 'EVERY', 'FOR');
  return { every, for: duration };
}

/** The interval of GROUP BY time, which a query with a function call needs. */
function checkedInterval(reader: TokenReader, select: SelectStatement): bigint {
  const interval = groupByInterval(select);
  if (!select.fields.some(({ expression }) => hasCall(expression))) {
    if (typeof interval === 'string') throw syntaxError(interval);
    return interval;
  }
  if (typeof interval === 'bigint' && interval !== 0n) return interval;
  const reasons = typeof interval === 'string' ? [interval] : [];
  throw reader.unexpected(tokenBefore(reader), 'GROUP BY time(...)', ...reasons);
}

/**
 * Returns the token that InfluxDB's error names, two tokens before the next one. White space, which this reader does not always keep,
 * counts as a token there.
 */
function tokenBefore(reader: TokenReader): Token {
  const following = reader.peek();
  const last = goBack(reader, following);
  if (last.end !== following.start) return last;
  const before = goBack(reader, last);
  return before.end === last.start ? before : last;
}

/** The token before `token`, which is the next one afterwards. */
function goBack(reader: TokenReader, token: Token): Token {
  reader.unscan();
  const before = reader.peek();
  if (before.start < token.start) return before;
  // White space that is kept was passed over on the way here, too.
  reader.unscan();
  reader.unscan();
  return reader.peek();
}

/** Returns nanoseconds, 0 without an interval; or the text of an error. */
function groupByInterval({ dimensions }: SelectStatement): bigint | string {
  for (const { operands, operators } of dimensions) {
    const [call] = operands;
    if (operators.length > 0 || call?.kind !== 'call' || call.name !== 'time') continue;
    if (call.args.length < 1 || call.args.length > 2) return 'time dimension expected 1 or 2 arguments';
    const [first] = call.args;
    const value = first?.operators.length === 0 ? first.operands[0] : undefined;
    return value?.kind === 'duration' ? value.value : 'time dimension must have duration argument';
  }
  return 0n;
}

function hasCall({ operands }: Expression): boolean {
  return operands.some(
    (operand) => operand.kind === 'call' || (operand.kind === 'parenthesis' && hasCall(operand.inner)),
  );
}

function checkResample(resample: { every: bigint; for: bigint }, interval: bigint): void {
  const least = resample.every > interval ? resample.every : interval;
  if (resample.for === 0n || least <= resample.for) return;
  throw syntaxError(
    `FOR duration must be >= GROUP BY time duration: must be a minimum of ${printDuration(least)}, got ${printDuration(resample.for)}`,
  );
}

/** Parses what follows `DROP CONTINUOUS QUERY`. */
export function parseDropContinuousQuery(reader: TokenReader): ClusterStatement {
  const name = reader.name();
  reader.require('ON');
  return { kind: 'dropContinuousQuery', name, database: reader.name() };
}
