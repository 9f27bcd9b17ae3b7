import { DurationRefusal, durationOf } from '../duration-literal.js';
import { significantDigits } from '../significant-digits.js';
import { errorAt } from '../syntax-error.js';
import type { Token } from '../token.js';
import type { TokenReader } from '../token-reader.js';

const maxInt32 = 2_147_483_647n;
const maxInt64 = 2n ** 63n - 1n;

/** Nanoseconds; 0 for INF. */
export function parseDurationOrInf(reader: TokenReader): bigint {
  const token = reader.next();
  if (token.kind === 'INF') return 0n;
  return durationOfToken(reader, token);
}

/** Nanoseconds of a token that must be a duration. */
export function durationOfToken(reader: TokenReader, token: Token): bigint {
  if (token.kind !== 'DURATIONVAL') throw reader.unexpected(token, 'duration');
  try {
    return durationOf(token.text);
  } catch (error) {
    if (error instanceof DurationRefusal) throw errorAt(reader.text, token.at, error.message);
    throw error;
  }
}

/** The duration of shard groups, which may not be INF. */
export function parseShardDuration(reader: TokenReader): bigint {
  reader.require('DURATION');
  const token = reader.next();
  if (token.kind === 'INF') throw errorAt(reader.text, token.at, 'invalid duration INF for shard duration');
  return durationOfToken(reader, token);
}

/** A number of replicas: an integer from 1 to 2³¹ - 1. */
export function parseReplication(reader: TokenReader): number {
  const token = reader.next();
  if (token.kind !== 'INTEGER') throw reader.unexpected(token, 'integer');
  const value = integerOf(token.text);
  if (value === undefined) {
    throw errorAt(reader.text, token.at, `strconv.Atoi: parsing "${token.text}": value out of range`);
  }
  if (value < 1n || value > maxInt32) {
    throw errorAt(reader.text, token.at, `invalid value ${value}: must be 1 <= n <= ${maxInt32}`);
  }
  return Number(value);
}

/** The integer that digits spell; `undefined` beyond 64 bits. Its time is linear, which that of a large bigint is not. */
export function integerOf(digits: string, max = maxInt64): bigint | undefined {
  const negative = digits.startsWith('-');
  const significant = significantDigits(digits.slice(negative ? 1 : 0));
  if (significant.length > 20) return undefined;
  const value = BigInt(significant);
  if (value > (negative ? max + 1n : max)) return undefined;
  return negative ? -value : value;
}
