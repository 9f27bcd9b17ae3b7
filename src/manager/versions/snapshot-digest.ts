import { contentDigest } from '../../protocol/content-digest.js';

/** By snapshot: it is hashed once, as it is received, and not again for each kind of response. */
const digests = new WeakMap<Uint8Array, string>();

/** Returns the `Content-Digest` of a snapshot, which must not be changed afterwards. */
export function digestOf(snapshot: Uint8Array): string {
  const known = digests.get(snapshot) ?? contentDigest(snapshot);
  digests.set(snapshot, known);
  return known;
}

/** The `Content-Digest` of `snapshot` is known. */
export function rememberDigest(snapshot: Uint8Array, digest: string): void {
  digests.set(snapshot, digest);
}
