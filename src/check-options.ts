import { CfluxError } from './errors.js';

/** The accepted values of an option. */
export interface OptionKind {
  /** Description of the accepted values, for the error. */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

/** The kind of each option; the type makes it complete. */
export type OptionKinds<Options> = { readonly [Name in keyof Required<Options>]: OptionKind };

const kindOf = (expected: string, accepts: (value: unknown) => boolean): OptionKind => ({
  expected,
  accepts,
});

export const text = kindOf(
  'a string that is not blank',
  (value) => typeof value === 'string' && value.trim() !== '',
);
export const flag = kindOf('true or false', (value) => typeof value === 'boolean');
export const object = kindOf(
  'an object',
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
);
/** For options that their owner checks. */
export const anything = kindOf('a value', (value) => value !== null);
export const number = kindOf('a number', (value) => typeof value === 'number');
export const func = kindOf('a function', (value) => typeof value === 'function');

export const either = (...kinds: readonly OptionKind[]): OptionKind =>
  kindOf(kinds.map(({ expected }) => expected).join(' or '), (value) =>
    kinds.some(({ accepts }) => accepts(value)),
  );

/** An object with at least these methods. */
export const objectWith = (...methods: readonly string[]): OptionKind =>
  kindOf(
    `an object with the methods ${methods.join(', ')}`,
    (value) => missingMethods(value, methods).length === 0,
  );

/** Returns the methods that `value` lacks; all of them if it is not an object. */
function missingMethods(value: unknown, methods: readonly string[]): readonly string[] {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return methods;
  return methods.filter((name) => typeof Reflect.get(value, name) !== 'function');
}

/**
 * Creates a function that checks names and types of the options of `owner`, which checks the values itself. An option that is
 * `undefined` counts as absent. Errors name types only, because a value may be a secret.
 *
 * @returns a function that throws CfluxError `INVALID_OPTION`, with the nearest known name for an unknown one
 */
export function optionsCheck<Options extends object>(
  owner: string,
  kinds: OptionKinds<Options>,
): (options: Options) => void {
  const known = new Map<string, OptionKind>(Object.entries(kinds));
  return (options) => {
    const given: unknown = options;
    if (!object.accepts(given)) throw refused(`options of ${owner}`, object, given);
    for (const [name, value] of Object.entries(options)) {
      const kind = known.get(name);
      if (kind === undefined) throw unknown(owner, name, [...known.keys()]);
      if (value !== undefined && !kind.accepts(value))
        throw refused(`option ${name} of ${owner}`, kind, value);
    }
  };
}

function unknown(owner: string, name: string, known: readonly string[]): CfluxError {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? `${owner} has ${known.join(', ')}` : `did you mean ${nearest}?`;
  return new CfluxError('INVALID_OPTION', `option ${name}: unknown to ${owner}; ${hint}`, {
    outcome: 'notApplied',
  });
}

/** Checks that `value`, an argument of `owner`, has these methods. @throws CfluxError `INVALID_OPTION` */
export function checkMethods(what: string, value: unknown, methods: readonly string[]): void {
  const missing = missingMethods(value, methods);
  if (missing.length === 0) return;
  const without = object.accepts(value) ? ` without ${missing.join(', ')}` : '';
  const found = `${typeName(value)}${without}`;
  throw new CfluxError(
    'INVALID_OPTION',
    `${what}: expected an object with the methods ${methods.join(', ')}, found ${found}`,
    { outcome: 'notApplied' },
  );
}

const refused = (what: string, { expected }: OptionKind, value: unknown) =>
  new CfluxError('INVALID_OPTION', `${what}: expected ${expected}, found ${typeName(value)}`, {
    outcome: 'notApplied',
  });

/** Returns the name of a value's type, for errors. */
function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return value.trim() === '' ? 'a blank string' : 'a string';
  if (typeof value === 'undefined') return 'undefined';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const { name } = Object.getPrototypeOf(value)?.constructor ?? {};
  return typeof name === 'string' && name !== '' && name !== 'Object'
    ? `an object of class ${name}`
    : 'an object';
}

/** Returns the most similar known name: one that contains the other, or else one with a small edit distance. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const contained = known.filter(
    (each) => wanted.includes(each.toLowerCase()) || each.toLowerCase().includes(wanted),
  );
  const candidates = contained.length > 0 && wanted.length > 2 ? contained : known;
  const limit = candidates === known ? Math.max(2, Math.floor(wanted.length / 3)) : Number.POSITIVE_INFINITY;
  const ranked = candidates
    .map((each) => ({ each, distance: editDistance(wanted, each.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.each;
}

/** Returns the Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
