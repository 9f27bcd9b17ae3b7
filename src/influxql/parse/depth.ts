import { syntaxError } from '../syntax-error.js';

/** Maximum nesting of parentheses, calls and subqueries; real queries have a few levels. */
const maxDepth = 200;

/** Rejects a text that is nested so deeply that the parser's stack would overflow. */
export function checkDepth(depth: number): void {
  if (depth > maxDepth) throw syntaxError(`nested more than ${maxDepth} levels deep`);
}
