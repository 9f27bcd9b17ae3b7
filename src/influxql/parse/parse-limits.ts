import type { Token } from '../token.js';
import type { TokenReader } from '../token-reader.js';
import { parseDurationOrInf } from './parse-values.js';

/** Which limit of InfluxDB 1.12 a token begins. Its words are names to older servers, so they are not keywords here. */
export function limitOf({ kind, text }: Token): 'FUTURE' | 'PAST' | undefined {
  if (kind !== 'IDENT' || text.length > 6) return undefined;
  const word = text.toUpperCase();
  return word === 'FUTURE' || word === 'PAST' ? word : undefined;
}

/** `LIMIT 1h`, after FUTURE or PAST; nanoseconds. */
export function parseLimitValue(reader: TokenReader): bigint {
  reader.require('LIMIT');
  return parseDurationOrInf(reader);
}

/** `[FUTURE LIMIT 1h] [PAST LIMIT 1h]`, in this order. */
export function parseLimits(reader: TokenReader): { futureLimit?: bigint; pastLimit?: bigint } {
  const limits: { futureLimit?: bigint; pastLimit?: bigint } = {};
  if (takeLimit(reader, 'FUTURE')) limits.futureLimit = parseLimitValue(reader);
  if (takeLimit(reader, 'PAST')) limits.pastLimit = parseLimitValue(reader);
  return limits;
}

function takeLimit(reader: TokenReader, word: 'FUTURE' | 'PAST'): boolean {
  if (limitOf(reader.peek()) !== word) return false;
  reader.next();
  return true;
}
