/**
 * Returns the error of InfluxDB (Go's `regexp`) for a regular expression; `undefined` if this check finds none. It checks brackets,
 * parentheses and repetitions, not every rule of Go's syntax, so a server may still refuse an expression that passes.
 */
export function regexFault(pattern: string): string | undefined {
  // Found once: a search from every bracket would be quadratic.
  const lastName = pattern.lastIndexOf(':]');
  let open = 0;
  let repeatable = false;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    switch (character) {
      case '\\':
        if (at + 1 === pattern.length) return 'trailing backslash at end of expression: ``';
        if (pattern.charAt(at + 1) === 'Q') {
          const end = pattern.indexOf('\\E', at);
          at = end < 0 ? pattern.length : end + 1;
        } else at += 1;
        repeatable = true;
        break;
      case '[': {
        const end = endOfClass(pattern, at, lastName);
        if (end < 0) return `missing closing ]: \`${pattern.slice(at)}\``;
        at = end;
        repeatable = true;
        break;
      }
      case '(':
        open += 1;
        repeatable = false;
        at += groupPrefix(pattern, at);
        break;
      case ')':
        open -= 1;
        if (open < 0) return `unexpected ): \`${pattern}\``;
        repeatable = true;
        break;
      case '*':
      case '+':
      case '?':
        if (!repeatable) return `missing argument to repetition operator: \`${character}\``;
        if (pattern.charAt(at + 1) === '?') at += 1;
        break;
      case '|':
        repeatable = false;
        break;
      default:
        repeatable = true;
    }
  }
  return open > 0 ? `missing closing ): \`${pattern}\`` : undefined;
}

/** Offset of the bracket that closes the class at `start`; -1 without one. A bracket at its very beginning is a member. `lastName`: offset of the last `:]`. */
function endOfClass(pattern: string, start: number, lastName: number): number {
  let at = pattern.charAt(start + 1) === '^' ? start + 2 : start + 1;
  if (pattern.charAt(at) === ']') at += 1;
  for (; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === '\\') at += 1;
    else if (character === ']') return at;
    else if (character === '[' && pattern.charAt(at + 1) === ':' && at + 2 <= lastName) {
      at = pattern.indexOf(':]', at + 2) + 1;
    }
  }
  return -1;
}

/** Length of `?:`, `?i:`, `?P<name>` after the parenthesis at `start`. */
function groupPrefix(pattern: string, start: number): number {
  if (pattern.charAt(start + 1) !== '?') return 0;
  let at = start + 2;
  while (at < pattern.length && !':>)'.includes(pattern.charAt(at))) at += 1;
  return pattern.charAt(at) === ')' ? at - start - 1 : at - start;
}
