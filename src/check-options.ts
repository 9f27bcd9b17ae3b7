import { CfluxError } from './errors.js';
import { nearestName } from './nearest-name.js';
import { missingMethods, object, typeName, type ValueKind } from './value-kinds.js';

/** The kind of each option; the type makes it complete. */
export type OptionKinds<Options> = { readonly [Name in keyof Required<Options>]: ValueKind };

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
  const known = new Map<string, ValueKind>(Object.entries(kinds));
  return (options) => {
    const given: unknown = options;
    if (!object.accepts(given)) throw refused(`options of ${owner}`, object, given);
    for (const [name, value] of Object.entries(options)) {
      const kind = known.get(name);
      if (kind === undefined) throw unknown(owner, name, [...known.keys()]);
      if (value !== undefined && !kind.accepts(value))
        throw refused(`option ${name} of ${owner}`, kind, value);
      if (value !== undefined) kind.checkOptions?.(value as never);
    }
  };
}

/** The kind of an option that consists of options. */
export const optionsOf = <Options extends object>(owner: string, kinds: OptionKinds<Options>): ValueKind => ({
  ...object,
  checkOptions: optionsCheck<Options>(owner, kinds),
});

/** Checks an option that is required. @throws CfluxError `INVALID_OPTION` */
export function requireOption(owner: string, name: string, kind: ValueKind, value: unknown): void {
  if (!kind.accepts(value)) throw refused(`option ${name} of ${owner}`, kind, value);
}

/** Checks that `value`, an argument of `owner`, has these methods. @throws CfluxError `INVALID_OPTION` */
export function checkMethods(what: string, value: unknown, methods: readonly string[]): void {
  const missing = missingMethods(value, methods);
  if (missing.length === 0) return;
  const without = object.accepts(value) ? ` without ${missing.join(', ')}` : '';
  throw refusal(
    `${what}: expected an object with the methods ${methods.join(', ')}, found ${typeName(value)}${without}`,
  );
}

function unknown(owner: string, name: string, known: readonly string[]): CfluxError {
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? `${owner} has ${known.join(', ')}` : `did you mean ${nearest}?`;
  return refusal(`option ${name}: unknown to ${owner}; ${hint}`);
}

const refused = (what: string, { expected }: ValueKind, value: unknown) =>
  refusal(`${what}: expected ${expected}, found ${typeName(value)}`);

const refusal = (message: string) => new CfluxError('INVALID_OPTION', message, { outcome: 'notApplied' });
