import type { Expression } from '../select.js';
import { positionOf, syntaxError } from '../syntax-error.js';

const comparisons: ReadonlySet<string> = new Set(['=', '!=', '=~', '!~', '<', '<=', '>', '>=', 'AND', 'OR']);

/** Refuses comparisons in a field; `at` is where the field begins. */
export function checkField(expression: Expression, text: string, at: number): void {
  const operator = comparisonIn(expression);
  if (operator === undefined) return;
  const { line, char } = positionOf(text, at);
  throw syntaxError(
    `invalid operator ${operator} in SELECT clause at line ${line}, char ${char}; operator is intended for WHERE clause`,
  );
}

/** The first comparison, also inside parentheses and calls. */
function comparisonIn({ operands, operators }: Expression): string | undefined {
  const own = operators.find((operator) => comparisons.has(operator));
  if (own !== undefined) return own;
  for (const operand of operands) {
    const inner =
      operand.kind === 'parenthesis' ? [operand.inner] : operand.kind === 'call' ? operand.args : [];
    for (const expression of inner) {
      const found = comparisonIn(expression);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
