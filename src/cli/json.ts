import { printableJson } from '../printable.js';

/** Formats `value` as JSON: 64-bit integers as strings, maps as objects, bytes in base64. */
export function jsonText(value: unknown): string {
  return printableJson(JSON.stringify(value, replacer, 2));
}

function replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value;
}
