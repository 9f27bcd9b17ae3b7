import { regexFault } from '../regex-fault.js';
import type { Operand } from '../select.js';
import { errorAt } from '../syntax-error.js';
import type { Token } from '../token.js';
import type { TokenReader } from '../token-reader.js';

type Regex = Extract<Operand, { kind: 'regex' }>;

const slash = 47;
const dollar = 36;

/** A regular expression, if one begins here; a bound parameter may stand for one. */
export function parseRegex(reader: TokenReader): Regex | undefined {
  const unit = reader.peekUnit();
  if (unit === 32 || unit === 9 || unit === 10 || unit === 13) reader.skipSpace();
  const next = reader.peekUnit();
  if (next === dollar) {
    const token = reader.scan();
    if (token.kind === 'REGEX') return checked(reader, token);
    reader.unscan();
    return undefined;
  }
  if (next !== slash) return undefined;
  const token = reader.scanRegex();
  if (token.kind === 'BADREGEX') throw errorAt(reader.text, token.at, 'bad regex: ');
  if (token.kind !== 'REGEX') throw reader.unexpected(token, 'regex');
  return checked(reader, token);
}

function checked(reader: TokenReader, token: Token): Regex {
  const fault = regexFault(token.text);
  if (fault !== undefined) throw errorAt(reader.text, token.at, `error parsing regexp: ${fault}`);
  return { kind: 'regex', pattern: token.text };
}
