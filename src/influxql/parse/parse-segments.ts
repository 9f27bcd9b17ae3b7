import { printName } from '../print/quote.js';
import { syntaxError } from '../syntax-error.js';
import type { TokenReader } from '../token-reader.js';

const units = { slash: 47, colon: 58, dot: 46 };

/** Names joined by dots, at most three. Behind the last dot a regular expression or `:MEASUREMENT` may follow, left to the caller. */
export function parseSegments(reader: TokenReader): readonly string[] {
  const names = [reader.name()];
  for (;;) {
    if (reader.scan().kind !== '.') {
      reader.unscan();
      break;
    }
    const unit = reader.peekUnit();
    if (unit === units.slash || unit === units.colon) break;
    names.push(unit === units.dot ? '' : reader.name());
  }
  if (names.length <= 3) return names;
  // InfluxDB gives no place, and prints the one of a text's beginning.
  const last = names.length - 1;
  const shown = names.map((name, at) =>
    at < last && name !== '' ? `"${printName(name, false).replace(/^"|"$/g, '')}"` : printName(name, false),
  );
  throw syntaxError(`too many segments in ${shown.join('.')} at line 1, char 1`);
}
