import { CfluxError } from '../errors.js';
import { shownToken, type Token } from './token.js';

/** A place in a text, both numbers from 1; `char` counts code points, like InfluxDB. */
export interface TextPosition {
  readonly line: number;
  readonly char: number;
}

/** The place of an offset. A carriage return, alone or before a line feed, ends a line; an end of text may be counted twice. */
export function positionOf(text: string, offset: number): TextPosition {
  let line = 1;
  let char = 1;
  const end = Math.min(offset, text.length);
  for (let at = 0; at < end; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 13 && text.charCodeAt(at + 1) === 10 && at + 1 < end) continue;
    if (unit === 10 || unit === 13) {
      line += 1;
      char = 1;
    } else if (!isTail(text, at)) char += 1;
  }
  return { line, char: char + Math.max(0, offset - text.length) };
}

/** Whether the unit at `at` is the second half of a character outside the Basic Multilingual Plane. */
function isTail(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  const before = text.charCodeAt(at - 1);
  return unit >= 0xdc00 && unit <= 0xdfff && before >= 0xd800 && before <= 0xdbff;
}

/** An error with InfluxDB's own text, without its prefix `error parsing query: `. */
export const syntaxError = (message: string): CfluxError => new CfluxError('INFLUXQL_SYNTAX', message);

/** Creates an error with `message` and its place. */
export function errorAt(text: string, offset: number, message: string): CfluxError {
  const { line, char } = positionOf(text, offset);
  return syntaxError(`${message} at line ${line}, char ${char}`);
}

/** The error for a token that the grammar does not allow. */
export function unexpected(text: string, token: Token, ...expected: readonly string[]): CfluxError {
  return errorAt(text, token.at, `found ${shownToken(token, text)}, expected ${expected.join(', ')}`);
}
