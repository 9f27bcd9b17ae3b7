import { createHash } from 'node:crypto';

/** Returns the `Content-Digest` value (RFC 9530) of a snapshot, which may be in pieces: `sha-256=:<base64>:`. */
export function contentDigest(...pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return digestValue(hash.digest('base64'));
}

/** Returns the SHA-256 in a `Content-Digest` or `Digest` value, as contentDigest writes it; `undefined` if it contains none. */
export function statedDigest(value: string): string | undefined {
  const stated =
    /(?:^|[,\s])sha-256=:([A-Za-z0-9+/]+=*):/i.exec(value)?.[1] ??
    /(?:^|[,\s])sha-256=([A-Za-z0-9+/]+=*)/i.exec(value)?.[1];
  return stated === undefined ? undefined : digestValue(stated);
}

/** Returns whether a `Content-Digest` or `Digest` value matches `snapshot`; `undefined` if it contains no supported algorithm. */
export function matchesDigest(value: string, snapshot: Uint8Array): boolean | undefined {
  const stated = statedDigest(value);
  return stated === undefined ? undefined : stated === contentDigest(snapshot);
}

const digestValue = (sha256: string) => `sha-256=:${sha256}:`;
