import type { Misfit } from '../check-arguments.js';
import { object, typeName } from '../value-kinds.js';
import { type AnyShape, metadataShape } from './record-shapes.js';
import type { MetaData } from './records.js';

/**
 * Returns the first field of `data` with a wrong type. Records that `known`, checked earlier, has in the same order are skipped, so that a
 * check after each change costs little.
 */
export function misfitOf(data: unknown, known?: MetaData): Misfit | undefined {
  return misfitOfRecord(data, known, metadataShape, '');
}

/** Returns the first item of `list` that is not a record of this shape. */
export function misfitOfItems(list: unknown, shape: AnyShape): Misfit | undefined {
  return misfitOfList(list, undefined, shape, '');
}

function misfitOfRecord(record: unknown, known: unknown, shape: AnyShape, place: string): Misfit | undefined {
  if (record !== undefined && record === known) return undefined;
  if (!isRecord(record)) return { place, expected: object.expected, found: typeName(record) };
  for (const name in shape) {
    const field = shape[name];
    if (field === undefined) continue;
    const value: unknown = Reflect.get(record, name);
    if (!('items' in field)) {
      if (!field.accepts(value))
        return { place: `${place}.${name}`, expected: field.expected, found: typeName(value) };
      continue;
    }
    const knownValue: unknown = isRecord(known) ? Reflect.get(known, name) : undefined;
    const misfit =
      value === knownValue ? undefined : misfitOfList(value, knownValue, field.items, `${place}.${name}`);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

function misfitOfList(list: unknown, known: unknown, shape: AnyShape, place: string): Misfit | undefined {
  if (!Array.isArray(list)) return { place, expected: 'an array', found: typeName(list) };
  const others: readonly unknown[] = Array.isArray(known) ? known : [];
  let next = 0;
  for (let i = 0; i < list.length; i++) {
    const item: unknown = list[i];
    // One that was dropped is the usual reason for a shift.
    if (item !== others[next] && item === others[next + 1]) next += 1;
    const isKnown = next < others.length && item === others[next];
    next += 1;
    const misfit = isKnown ? undefined : misfitOfRecord(item, undefined, shape, `${place}[${i}]`);
    if (misfit !== undefined) return misfit;
  }
  return undefined;
}

const isRecord = (value: unknown): value is object => object.accepts(value);
