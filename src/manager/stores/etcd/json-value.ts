import { CfluxError } from '../../../errors.js';

type Fields = { readonly [name: string]: unknown };

export const writeJson = (value: object) => Buffer.from(JSON.stringify(value));

/** A JSON object in etcd whose fields are checked as they are read: others may have written under our keys. */
export class JsonValue {
  readonly #key: string;
  readonly #fields: Fields;

  constructor(key: string, value: unknown) {
    this.#key = key;
    if (typeof value !== 'object' || value === null) throw this.#broken('the value');
    this.#fields = { ...value };
  }

  static parse(key: string, value: Uint8Array): JsonValue {
    let parsed: unknown;
    try {
      parsed = JSON.parse(Buffer.from(value).toString());
    } catch {
      // Nothing is said of what is there instead.
    }
    return new JsonValue(key, parsed);
  }

  number(name: string): number {
    const value = this.#fields[name];
    if (!Number.isSafeInteger(value)) throw this.#broken(name);
    return Number(value);
  }

  text(name: string): string {
    const value = this.#fields[name];
    if (typeof value !== 'string') throw this.#broken(name);
    return value;
  }

  optionalNumber(name: string): number | undefined {
    return this.#fields[name] === undefined ? undefined : this.number(name);
  }

  optionalText(name: string): string | undefined {
    return this.#fields[name] === undefined ? undefined : this.text(name);
  }

  /** An object in it. */
  optional(name: string): JsonValue | undefined {
    const value = this.#fields[name];
    return value === undefined ? undefined : new JsonValue(this.#key, value);
  }

  numbers(name: string): readonly number[] {
    const value = this.#fields[name];
    if (!Array.isArray(value) || !value.every(Number.isSafeInteger)) throw this.#broken(name);
    return value;
  }

  list(name: string): readonly JsonValue[] {
    const value = this.#fields[name];
    if (!Array.isArray(value)) throw this.#broken(name);
    return value.map((each) => new JsonValue(this.#key, each));
  }

  #broken(what: string): CfluxError {
    return new CfluxError(
      'STORAGE_FAILED',
      `etcd: ${what} of the key ${this.#key} is not what a manager writes`,
    );
  }
}
