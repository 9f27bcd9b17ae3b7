/** An error in a JSON text. */
export interface JsonFault {
  /** Place in the text, such as `versions[2].at`; empty for the whole text. */
  readonly place: string;
  /** The expected value, such as `a string`. */
  readonly expected: string;
  /** The error of the JSON parser. */
  readonly cause?: unknown;
}

/** Creates the error of a fault; it names the source of the text. */
export type JsonRefusal = (fault: JsonFault) => Error;

const plainRefusal: JsonRefusal = ({ place, expected, cause }) =>
  new SyntaxError(`${place || 'the text'} is not ${expected}`, { cause });

/** Parses a JSON text. @throws the error of `refuse` */
export function parseJson(text: string | Uint8Array, refuse: JsonRefusal = plainRefusal): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : Buffer.from(text).toString());
  } catch (cause) {
    throw refuse({ place: '', expected: 'JSON', cause });
  }
}

/** Returns whether `value` is a parsed JSON object, not an array or `null`. */
export const isJsonObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === 'string';
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isListOf =
  <T>(isItem: (value: unknown) => value is T) =>
  (value: unknown): value is readonly T[] =>
    isList(value) && value.every(isItem);

/** The smallest and the largest accepted integer; without a limit, any safe integer. */
export interface IntegerRange {
  readonly min?: number;
  readonly max?: number;
}

/**
 * A JSON object whose fields are checked when they are read, because another program may have written it. A missing field, or one of
 * another type, is an error that names its place; an optional field may be missing.
 */
export class JsonObject {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #refuse: JsonRefusal;
  readonly #place: string;

  private constructor(value: unknown, refuse: JsonRefusal, place: string) {
    if (!isJsonObject(value)) throw refuse({ place, expected: 'a JSON object' });
    this.#fields = value;
    this.#refuse = refuse;
    this.#place = place;
  }

  /** @throws the error of `refuse`, here and at each access; default: a SyntaxError */
  static parse(text: string | Uint8Array, refuse: JsonRefusal = plainRefusal): JsonObject {
    return new JsonObject(parseJson(text, refuse), refuse, '');
  }

  /** Parses a text that is an array of objects. */
  static parseList(text: string | Uint8Array, refuse: JsonRefusal = plainRefusal): readonly JsonObject[] {
    const value = parseJson(text, refuse);
    if (!isList(value)) throw refuse({ place: '', expected: 'a JSON array' });
    return value.map((each, i) => new JsonObject(each, refuse, `[${i}]`));
  }

  /** Returns a field unchecked; `undefined` if it is missing. */
  value(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  /** Returns a field that `isWanted` accepts; `expected` describes it in the error, such as `a string of digits`. */
  field<T>(name: string, isWanted: (value: unknown) => value is T, expected: string): T {
    const value = this.value(name);
    if (!isWanted(value)) throw this.#refuse({ place: this.#placeOf(name), expected });
    return value;
  }

  optionalField<T>(name: string, isWanted: (value: unknown) => value is T, expected: string): T | undefined {
    return this.value(name) === undefined ? undefined : this.field(name, isWanted, expected);
  }

  text(name: string): string {
    return this.field(name, isText, 'a string');
  }

  optionalText(name: string): string | undefined {
    return this.optionalField(name, isText, 'a string');
  }

  boolean(name: string): boolean {
    return this.field(name, isBoolean, 'true or false');
  }

  integer(name: string, { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER }: IntegerRange = {}) {
    const isInRange = (value: unknown): value is number => isInteger(value) && value >= min && value <= max;
    const least = min === Number.MIN_SAFE_INTEGER ? '' : ` from ${min}`;
    const most = max === Number.MAX_SAFE_INTEGER ? '' : ` up to ${max}`;
    return this.field(name, isInRange, `a whole number${least}${most}`);
  }

  optionalInteger(name: string, range?: IntegerRange): number | undefined {
    return this.value(name) === undefined ? undefined : this.integer(name, range);
  }

  texts(name: string): readonly string[] {
    return this.field(name, isListOf(isText), 'an array of strings');
  }

  optionalTexts(name: string): readonly string[] | undefined {
    return this.value(name) === undefined ? undefined : this.texts(name);
  }

  integers(name: string): readonly number[] {
    return this.field(name, isListOf(isInteger), 'an array of whole numbers');
  }

  optionalObject(name: string): JsonObject | undefined {
    const value = this.value(name);
    return value === undefined ? undefined : new JsonObject(value, this.#refuse, this.#placeOf(name));
  }

  object(name: string): JsonObject {
    return new JsonObject(this.value(name), this.#refuse, this.#placeOf(name));
  }

  objects(name: string): readonly JsonObject[] {
    const place = this.#placeOf(name);
    return this.field(name, isList, 'an array').map(
      (each, i) => new JsonObject(each, this.#refuse, `${place}[${i}]`),
    );
  }

  #placeOf(name: string): string {
    return this.#place === '' ? name : `${this.#place}.${name}`;
  }
}
