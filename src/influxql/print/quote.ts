import { needsQuotes } from '../keywords.js';

/** A name as an identifier, in quotes only if it needs them. `portable`: also where only newer servers need them. */
export function printName(name: string, portable = true): string {
  return name === '' || needsQuotes(name, portable) ? `"${escaped(name, '"')}"` : name;
}

/** A text as a string literal. */
export const printString = (text: string): string => `'${escaped(text, "'")}'`;

/** A doubled quote is no escape in InfluxQL, and a tab has none: only these three are escaped. */
function escaped(text: string, quote: string): string {
  // Most texts have nothing to escape.
  if (!/["'\\\n]/.test(text)) return text;
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(quote, `\\${quote}`);
}

/** A regular expression between slashes. */
export const printRegex = (pattern: string): string => `/${pattern.replaceAll('/', '\\/')}/`;
