import { DurationRefusal, durationOf } from './duration-literal.js';
import { Lexer } from './lexer.js';
import { decimal, type NumberForm, printNumber } from './print/print-number.js';
import { statementTokens } from './split-statements.js';
import type { Token } from './token.js';

/**
 * Returns whether two texts of a continuous query have the same meaning. They are compared token by token, so that spaces, comments,
 * unnecessary quotes and the units of durations make no difference.
 *
 * @param numbers `threeDecimals`: numbers with a point are equal if a server before InfluxDB 1.12, which stores three decimals, could
 *   not tell them apart. Default: `full`.
 * @example
 * ```ts
 * console.log(sameQueryText('SELECT "v" FROM m WHERE t > 60m', 'select v from m where t > 1h')); // true
 * ```
 */
export function sameQueryText(a: string, b: string, numbers: NumberForm = 'full'): boolean {
  if (a === b) return true;
  const [first, second] = [meanings(a, numbers), meanings(b, numbers)];
  return first.length === second.length && first.every((meaning, at) => meaning === second[at]);
}

/** Returns a text for each token, equal for tokens with the same meaning. */
function meanings(text: string, numbers: NumberForm): readonly string[] {
  const lexer = new Lexer(text);
  const tokens: Token[] = [];
  while (!Number.isNaN(lexer.peek())) tokens.push(...statementTokens(lexer), lexer.next());
  const found: string[] = [];
  let isFill = false;
  for (let at = 0; at < tokens.length; at++) {
    const exponential = exponentialAt(tokens, at);
    if (exponential !== undefined) {
      found.push(meaningInFill(exponential.value));
      at += exponential.length - 1;
      continue;
    }
    const token = tokens[at];
    if (token === undefined) continue;
    const isNumber = token.kind === 'NUMBER' || token.kind === 'INTEGER';
    found.push(isFill && isNumber ? meaningInFill(Number(token.text)) : meaningOf(token, numbers));
    isFill = startsFill(tokens, at) || (isFill && token.kind !== ')');
  }
  return found;
}

/** Returns whether the number of `fill` follows. */
const startsFill = (tokens: readonly Token[], at: number): boolean =>
  tokens[at]?.kind === '(' &&
  tokens[at - 1]?.kind === 'IDENT' &&
  tokens[at - 1]?.text.toLowerCase() === 'fill';

function meaningOf({ kind, text }: Token, numbers: NumberForm): string {
  if (kind === 'NUMBER') return `NUMBER ${printNumber(Number(text), numbers)}`;
  if (kind !== 'DURATIONVAL') return `${kind} ${text}`;
  try {
    return `DURATION ${durationOf(text)}`;
  } catch (error) {
    if (error instanceof DurationRefusal) return `${kind} ${text}`;
    throw error;
  }
}

/** The servers print a large or small number of `fill` with an exponent, which InfluxQL itself does not have: `1e+06`. */
function exponentialAt(tokens: readonly Token[], at: number): { value: number; length: number } | undefined {
  const digits = tokens[at];
  if (digits === undefined) return undefined;
  const isWhole = digits.kind === 'DURATIONVAL' && /^[0-9]+e$/.test(digits.text);
  const length = isWhole ? 3 : 4;
  const parts = tokens.slice(at, at + length);
  const [sign, exponent] = parts.slice(-2);
  const isExponential = isWhole || (digits.kind === 'NUMBER' && tokens[at + 1]?.text === 'e');
  if (!isExponential || (sign?.kind !== '+' && sign?.kind !== '-') || exponent?.kind !== 'INTEGER')
    return undefined;
  const isJoined = parts.every((part, index) => index === 0 || part.start === parts[index - 1]?.end);
  const mantissa = Number(digits.text.replace('e', ''));
  return isJoined
    ? { value: Number(`${mantissa}e${sign.kind}${exponent.text.slice(0, 4)}`), length }
    : undefined;
}

/** Every version prints the number of `fill` with all its digits, a whole one without a point: `fill(1.0)` becomes `fill(1)`. */
const meaningInFill = (value: number): string => `FILL ${decimal(value)}`;
