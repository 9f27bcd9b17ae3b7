/** A word of every statement that the cluster executes. Bound parameters cannot add one. */
const words = /create|alter|drop|grant|revoke|set|users/i;

/**
 * Returns whether `text` may contain a statement for the cluster. `false` is certain, so most requests pass without being parsed. A server
 * ignores NUL characters within words.
 */
export const mentionsCluster = (text: string): boolean =>
  words.test(text.includes('\0') ? text.replaceAll('\0', '') : text);
