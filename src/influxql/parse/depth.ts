import { syntaxError } from '../syntax-error.js';

/** Parentheses, calls and subqueries inside each other; real queries have a handful. */
const maxDepth = 200;

/** Ends the parsing of a text that is nested so deeply that the parser's own stack would overflow. */
export function checkDepth(depth: number): void {
  if (depth > maxDepth) throw syntaxError(`nested more than ${maxDepth} levels deep`);
}
