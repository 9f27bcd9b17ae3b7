import type { Expression, Fill, Operand } from '../select.js';
import { syntaxError } from '../syntax-error.js';
import type { TokenReader } from '../token-reader.js';
import { parseExpression } from './parse-expression.js';

type Call = Extract<Operand, { kind: 'call' }>;

/** A call of `name` at this place, which no keyword begins; `undefined` for anything else. */
export function parseOptionCall(reader: TokenReader, name: string, depth: number): Call | undefined {
  const token = reader.peek();
  if (token.kind !== 'IDENT' || token.text.toLowerCase() !== name) return undefined;
  const operand = onlyOperand(parseExpression(reader, depth));
  if (operand?.kind !== 'call') throw syntaxError(`${name} must be a function call`);
  return operand;
}

/** The operand of an expression without operators. */
export function onlyOperand(expression: Expression | undefined): Operand | undefined {
  return expression?.operators.length === 0 ? expression.operands[0] : undefined;
}

/** `fill(…)`; the words are case-sensitive. */
export function parseFill(reader: TokenReader, depth: number): Fill {
  const call = parseOptionCall(reader, 'fill', depth);
  if (call === undefined) return 'null';
  if (call.args.length !== 1) {
    throw syntaxError('fill requires an argument, e.g.: 0, null, none, previous, linear');
  }
  const value = onlyOperand(call.args[0]);
  if (value?.kind === 'reference' && value.type === '') {
    const { name } = value;
    if (name === 'null' || name === 'none' || name === 'previous' || name === 'linear') return name;
  }
  const isSigned = value?.kind === 'integer' && value.value < 2n ** 63n;
  if (value === undefined || !(isSigned || value.kind === 'number')) {
    throw syntaxError('expected number argument in fill()');
  }
  return value;
}
