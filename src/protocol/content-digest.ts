import { createHash } from 'node:crypto';

/** Returns the `Content-Digest` value (RFC 9530) of a snapshot, which may be in pieces: `sha-256=:<base64>:`. */
export function contentDigest(...pieces: readonly Uint8Array[]): string {
  return `sha-256=:${sha256(pieces)}:`;
}

function sha256(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('base64');
}

/** Returns whether a `Content-Digest` or `Digest` value matches `snapshot`; `undefined` if it contains no supported algorithm. */
export function matchesDigest(value: string, snapshot: Uint8Array): boolean | undefined {
  const stated =
    /(?:^|[,\s])sha-256=:([A-Za-z0-9+/]+=*):/i.exec(value)?.[1] ??
    /(?:^|[,\s])sha-256=([A-Za-z0-9+/]+=*)/i.exec(value)?.[1];
  if (stated === undefined) return undefined;
  return stated === sha256([snapshot]);
}
