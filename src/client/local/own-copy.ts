import { type AnyShape, metadataShape } from '../../meta/record-shapes.js';
import type { MetaData } from '../../meta/records.js';

/**
 * Copies metadata that other code may change in place. Records are compared by their fields, because data cached by identity (bytes,
 * digest) may be stale. Equal records are reused from `known`, an earlier copy.
 */
export function ownCopy(foreign: MetaData, known?: MetaData): MetaData {
  return copyRecord(foreign, known, metadataShape) as MetaData;
}

function copyRecord(foreign: object, known: object | undefined, shape: AnyShape): object {
  let isKnown = known !== undefined;
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape)) {
    const value: unknown = Reflect.get(foreign, name);
    if (value === undefined) {
      isKnown &&= known !== undefined && Reflect.get(known, name) === undefined;
      continue;
    }
    const knownValue: unknown = known && Reflect.get(known, name);
    copy[name] = 'items' in field ? copyList(value, knownValue, field.items) : copyValue(value, knownValue);
    isKnown &&= copy[name] === knownValue;
  }
  return known !== undefined && isKnown ? known : copy;
}

function copyList(foreign: unknown, known: unknown, shape: AnyShape): unknown {
  // The check of the copy reports a value that is not a list.
  if (!Array.isArray(foreign)) return foreign;
  const candidates: readonly unknown[] = Array.isArray(known) ? known : [];
  const named = new Map<unknown, unknown>();
  const candidateFor = (record: object, position: number): unknown => {
    const name: unknown = Reflect.get(record, 'name');
    const neighbour = candidates[position];
    if (name === undefined || !isRecord(neighbour) || Reflect.get(neighbour, 'name') === name)
      return neighbour;
    // Earlier records were added or dropped.
    if (named.size === 0)
      for (const one of candidates) if (isRecord(one)) named.set(Reflect.get(one, 'name'), one);
    return named.get(name);
  };
  const copy = foreign.map((record: unknown, position) => {
    if (!isRecord(record)) return record;
    const candidate = candidateFor(record, position);
    return copyRecord(record, isRecord(candidate) ? candidate : undefined, shape);
  });
  const isKnown = copy.length === candidates.length && copy.every((record, i) => record === candidates[i]);
  return isKnown && known !== undefined ? known : copy;
}

const isRecord = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Copies bytes, lists of strings and privileges, which could be changed in place; strings and numbers are immutable. */
function copyValue(value: unknown, known: unknown): unknown {
  if (value instanceof Uint8Array) {
    const isKnown = known instanceof Uint8Array && Buffer.compare(value, known) === 0;
    return isKnown ? known : new Uint8Array(value);
  }
  if (value instanceof Map) return known instanceof Map && sameEntries(value, known) ? known : new Map(value);
  if (Array.isArray(value)) {
    const isKnown =
      Array.isArray(known) && known.length === value.length && value.every((one, i) => one === known[i]);
    return isKnown ? known : [...value];
  }
  return value;
}

function sameEntries(a: ReadonlyMap<unknown, unknown>, b: ReadonlyMap<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (!b.has(key) || b.get(key) !== value) return false;
  return true;
}
