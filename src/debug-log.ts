import { format } from 'node:util';
import createDebug from 'debug';
import { printable } from './printable.js';

/** Writes a line; `text` has the placeholders of `util.format`. */
export type DebugLog = (text: string, ...values: readonly unknown[]) => void;

/**
 * The log of `namespace` for developers, which the environment variable `DEBUG` switches on. Every message is one line without
 * characters that a terminal obeys: names and errors of other machines are in it.
 */
export function debugLog(namespace: string): DebugLog {
  const write = createDebug(namespace);
  return (text, ...values) => {
    if (write.enabled) write('%s', printable(format(text, ...values.map(shortened))));
  };
}

/** An error without its stack. */
const shortened = (value: unknown) => (value instanceof Error ? String(value) : value);
