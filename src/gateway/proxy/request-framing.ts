import type { IncomingMessage } from 'node:http';

/** How the body of a request is delimited. */
export type Framing = 'none' | 'length' | 'chunked';

/**
 * Returns how the body of `request` is delimited; `undefined` for a request that two HTTP parsers may delimit differently. Node already
 * refuses most of them: two lengths, a length beside a transfer coding, a folded or malformed header.
 */
export function framingOf({
  headers,
  httpVersionMajor,
  httpVersionMinor,
}: IncomingMessage): Framing | undefined {
  const coding = headers['transfer-encoding'];
  if (coding === undefined) return headers['content-length'] === undefined ? 'none' : 'length';
  // Node decodes only `chunked`, and HTTP/1.0 has no transfer codings.
  const isKnown = coding.trim().toLowerCase() === 'chunked';
  return isKnown && httpVersionMajor === 1 && httpVersionMinor === 1 ? 'chunked' : undefined;
}
