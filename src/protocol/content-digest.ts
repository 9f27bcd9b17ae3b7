import { createHash } from 'node:crypto';

/** Returns the `Content-Digest` value (RFC 9530) of a snapshot: `sha-256=:<base64>:`. */
export function contentDigest(snapshot: Uint8Array): string {
  return `sha-256=:${createHash('sha256').update(snapshot).digest('base64')}:`;
}

/** Returns whether a `Content-Digest` or `Digest` value matches `snapshot`; `undefined` if it contains no supported algorithm. */
export function matchesDigest(value: string, snapshot: Uint8Array): boolean | undefined {
  const stated =
    /(?:^|[,\s])sha-256=:([A-Za-z0-9+/]+=*):/i.exec(value)?.[1] ??
    /(?:^|[,\s])sha-256=([A-Za-z0-9+/]+=*)/i.exec(value)?.[1];
  if (stated === undefined) return undefined;
  return stated === createHash('sha256').update(snapshot).digest('base64');
}
