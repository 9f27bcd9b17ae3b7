import { contentDigest, matchesDigest } from '../../protocol/content-digest.js';

/** By snapshot: it is hashed once, as it is received, and not again for each kind of response. */
const digests = new WeakMap<Uint8Array, string>();

/** Returns the `Content-Digest` of a snapshot, which must not be changed afterwards. */
export function digestOf(snapshot: Uint8Array): string {
  const known = digests.get(snapshot);
  if (known !== undefined) return known;
  const digest = contentDigest(snapshot);
  digests.set(snapshot, digest);
  return digest;
}

/** Returns whether `snapshot` has the digest in the header field `value`; `false` if that contains no supported algorithm. */
export const hasDigest = (snapshot: Uint8Array, value: string): boolean =>
  value === digestOf(snapshot) || matchesDigest(value, snapshot) === true;
