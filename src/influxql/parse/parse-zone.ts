import { syntaxError } from '../syntax-error.js';
import type { TokenReader } from '../token-reader.js';
import { onlyOperand, parseOptionCall } from './parse-fill.js';

/** `tz('…')`: the name of a time zone. */
export function parseZone(reader: TokenReader, depth: number): string | undefined {
  const call = parseOptionCall(reader, 'tz', depth);
  if (call === undefined) return undefined;
  if (call.args.length !== 1) throw syntaxError('tz requires exactly one argument');
  const value = onlyOperand(call.args[0]);
  if (value?.kind !== 'string') throw syntaxError('expected string argument in tz()');
  if (!isZone(value.value)) throw syntaxError(`unable to find time zone ${value.value}`);
  return value.value === '' ? 'UTC' : value.value;
}

/** Names of files in the time zone database. Node knows them too, and offsets such as `+01:00`, which are none. */
function isZone(name: string): boolean {
  if (name === '' || name === 'Local') return true;
  if (name.length > 64 || !/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
