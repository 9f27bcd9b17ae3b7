import { CfluxError } from './errors.js';
import { nearestName } from './nearest-name.js';
import { func, string, typeName, type ValueKind } from './value-kinds.js';

/** A value of a wrong type within an argument. */
export interface Misfit {
  /** Where it is, such as `.duration` or `.databases[0].name`. */
  readonly place: string;
  readonly expected: string;
  readonly found: string;
}

/** An argument of a method: its name, its accepted values, and optionally a check of what it contains. */
export interface ArgumentKind extends ValueKind {
  readonly name: string;
  readonly inside?: (value: unknown) => Misfit | undefined;
}

export const argument = (name: string, { expected, accepts }: ValueKind): ArgumentKind => ({
  name,
  expected,
  accepts,
});

/** Returns the CfluxError `INVALID_ARGUMENT` for the first argument of a wrong type. Types are named, because a value may be a secret. */
export function wrongArgument(
  method: string,
  kinds: readonly ArgumentKind[],
  values: readonly unknown[],
): CfluxError | undefined {
  // Not `entries()`: methods that take tens of nanoseconds are checked, too.
  for (let i = 0; i < kinds.length; i++) {
    const kind = kinds[i];
    if (kind === undefined) continue;
    const value = values[i];
    if (!kind.accepts(value))
      return invalidArgument(`${method}: argument ${kind.name}`, kind.expected, typeName(value));
    const misfit = kind.inside?.(value);
    if (misfit !== undefined)
      return invalidArgument(
        `${method}: argument ${kind.name}${misfit.place}`,
        misfit.expected,
        misfit.found,
      );
  }
  return undefined;
}

/** @throws CfluxError `INVALID_ARGUMENT` */
export function checkArgument(method: string, kind: ArgumentKind, value: unknown): void {
  const wrong = wrongArgument(method, [kind], [value]);
  if (wrong !== undefined) throw wrong;
}

/** Creates the check of an argument with named fields; one that is `undefined` counts as absent. */
export function fieldsCheck(
  kinds: Readonly<Record<string, ValueKind>>,
): (value: unknown) => Misfit | undefined {
  const known = new Map(Object.entries(kinds));
  return (value) => {
    if (typeof value !== 'object' || value === null) return undefined;
    for (const [name, field] of Object.entries(value)) {
      const kind = known.get(name);
      const place = `.${name}`;
      if (kind === undefined) {
        const nearest = nearestName(name, [...known.keys()]);
        return { place, expected: nearest ?? [...known.keys()].join(', '), found: 'an unknown name' };
      }
      if (field !== undefined && !kind.accepts(field))
        return { place, expected: kind.expected, found: typeName(field) };
    }
    return undefined;
  };
}

/** Checks an event's name and its listener. @throws CfluxError `INVALID_ARGUMENT`, with the nearest known name */
export function checkListener(
  method: string,
  names: readonly string[],
  name: unknown,
  listener: unknown,
): void {
  if (typeof name !== 'string')
    throw invalidArgument(`${method}: argument name`, string.expected, typeName(name));
  if (!names.includes(name)) {
    const expected = nearestName(name, names) ?? `one of ${names.join(', ')}`;
    throw invalidArgument(`${method}: argument name`, expected, `an unknown event ${JSON.stringify(name)}`);
  }
  checkArgument(method, argument('listener', func), listener);
}

export const invalidArgument = (what: string, expected: string, found: string): CfluxError =>
  new CfluxError('INVALID_ARGUMENT', `${what}: expected ${expected}, found ${found}`, {
    outcome: 'notApplied',
  });
