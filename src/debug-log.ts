import { format } from 'node:util';
import createDebug from 'debug';
import { printable } from './printable.js';

/** Writes a line; `text` has the placeholders of `util.format`. */
export type DebugLog = (text: string, ...values: readonly unknown[]) => void;

/**
 * Returns the debug log of `namespace`, which the environment variable `DEBUG` enables. Every message is one line without control
 * characters, because it may contain names and errors of other machines.
 */
export function debugLog(namespace: string): DebugLog {
  const write = createDebug(namespace);
  return (text, ...values) => {
    if (write.enabled) write('%s', printable(format(text, ...values.map(shortened))));
  };
}

/** Returns a function that returns whether `DEBUG` enables `namespace`. */
export function debugSwitch(namespace: string): () => boolean {
  const log = createDebug(namespace);
  return () => log.enabled;
}

/** Formats an error without its stack. */
const shortened = (value: unknown) => (value instanceof Error ? String(value) : value);
