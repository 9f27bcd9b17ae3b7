/** The accepted values of an option, of an argument or of a field of a record. */
export interface ValueKind {
  /** Description of the accepted values, for the error. */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** Checks the options that the value consists of. */
  readonly checkOptions?: (value: never) => void;
}

const kind = (expected: string, accepts: (value: unknown) => boolean): ValueKind => ({ expected, accepts });

export const text = kind(
  'a string that is not blank',
  (value) => typeof value === 'string' && value.trim() !== '',
);
/** For names that InfluxDB itself refuses if they are empty. */
export const string = kind('a string', (value) => typeof value === 'string');
export const flag = kind('true or false', (value) => typeof value === 'boolean');
export const number = kind('a number', (value) => typeof value === 'number');
export const wholeNumber = kind(
  'a whole number, 0 or more',
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
);
export const bigint = kind('a bigint such as 1n', (value) => typeof value === 'bigint');
export const bytes = kind('a Uint8Array', (value) => value instanceof Uint8Array);
export const func = kind('a function', (value) => typeof value === 'function');
export const object = kind(
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);
export const map = kind('a Map', (value) => value instanceof Map);
export const nothing = kind('null', (value) => value === null);
/** For values that their owner checks. */
export const anything = kind('a value', (value) => value !== null);
export const signal = kind('an AbortSignal', (value) => value instanceof AbortSignal);
export const milliseconds = kind(
  'a number of milliseconds',
  (value) => typeof value === 'number' && value >= 0,
);

export const either = (...kinds: readonly ValueKind[]): ValueKind =>
  kind(kinds.map(({ expected }) => expected).join(' or '), (value) =>
    kinds.some(({ accepts }) => accepts(value)),
  );

export const optional = ({ expected, accepts }: ValueKind): ValueKind =>
  kind(expected, (value) => value === undefined || accepts(value));

export const listOf = (item: ValueKind): ValueKind =>
  kind(`an array, each item ${item.expected}`, (value) => Array.isArray(value) && value.every(item.accepts));

export const oneOf = (...values: readonly string[]): ValueKind =>
  kind(values.map((value) => `"${value}"`).join(' or '), (value) =>
    values.some((allowed) => allowed === value),
  );

/** An object with at least these methods. */
export const objectWith = (...methods: readonly string[]): ValueKind =>
  kind(
    `an object with the methods ${methods.join(', ')}`,
    (value) => missingMethods(value, methods).length === 0,
  );

/** A `Clock`. */
export const clock = objectWith('now', 'monotonic', 'after');

/** Returns the methods that `value` lacks; all of them if it is not an object. */
export function missingMethods(value: unknown, methods: readonly string[]): readonly string[] {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return methods;
  return methods.filter((name) => typeof Reflect.get(value, name) !== 'function');
}

/** Returns the name of a value's type, for errors: the value itself may be a secret. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return value.trim() === '' ? 'a blank string' : 'a string';
  if (typeof value === 'undefined') return 'undefined';
  if (Number.isNaN(value)) return 'NaN';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const { name } = Object.getPrototypeOf(value)?.constructor ?? {};
  return typeof name === 'string' && name !== '' && name !== 'Object'
    ? `an object of class ${name}`
    : 'an object';
}
