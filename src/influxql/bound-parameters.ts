import { syntaxError } from './syntax-error.js';
import type { Token } from './token.js';

/**
 * The value of a bound parameter (`$name`): a string, number or boolean is such a literal, an object is the token that it names. No
 * value can change the kind of a statement, because a bound identifier is never a keyword.
 */
export type BoundValue =
  | string
  | number
  | bigint
  | boolean
  | { readonly identifier: string }
  | { readonly string: string }
  | { readonly regex: string }
  /** An InfluxQL literal such as `90s`, or nanoseconds. */
  | { readonly duration: string | number | bigint }
  | { readonly integer: number | bigint }
  | { readonly float: number };

/** Values of bound parameters by name, without the dollar sign. */
export type BoundParameters = Readonly<Record<string, BoundValue>>;

type Meaning = Pick<Token, 'kind' | 'text'>;

/** Returns the token of a parameter; `undefined` if the parameter has no value. */
export function boundToken(name: string, parameters: BoundParameters): Meaning | undefined {
  // A name such as `constructor` must not match an inherited property.
  return Object.hasOwn(parameters, name) ? meaningOf(name, parameters[name]) : undefined;
}

function meaningOf(name: string, value: unknown): Meaning {
  if (typeof value === 'string') return { kind: 'STRING', text: value };
  if (typeof value === 'boolean') return { kind: value ? 'TRUE' : 'FALSE', text: '' };
  if (typeof value === 'bigint') return integer(name, value);
  if (typeof value === 'number') return Number.isInteger(value) ? integer(name, value) : float(name, value);
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const [kind, inner] = entries[0] ?? [];
  if (entries.length === 1) {
    if (kind === 'identifier' && typeof inner === 'string') return { kind: 'IDENT', text: inner };
    if (kind === 'string' && typeof inner === 'string') return { kind: 'STRING', text: inner };
    if (kind === 'regex' && typeof inner === 'string') return { kind: 'REGEX', text: inner };
    if (kind === 'integer') return integer(name, inner);
    if (kind === 'float') return float(name, inner);
    if (kind === 'duration' && typeof inner === 'string') return { kind: 'DURATIONVAL', text: inner };
    if (kind === 'duration') return { kind: 'DURATIONVAL', text: `${integer(name, inner).text}ns` };
  }
  throw syntaxError(
    `bound parameter ${name}: must be a string, number, boolean or an object such as {"identifier": "x"}`,
  );
}

function integer(name: string, value: unknown): Meaning {
  const isWhole =
    typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value);
  if (!isWhole) throw syntaxError(`bound parameter ${name}: must be an integer of 64 bits`);
  return { kind: 'INTEGER', text: String(value) };
}

function float(name: string, value: unknown): Meaning {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw syntaxError(`bound parameter ${name}: must be a finite number`);
  }
  return { kind: 'NUMBER', text: String(value) };
}
