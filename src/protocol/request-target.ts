/** The parts of a request target (RFC 9112, section 3.2) that a server uses. */
export interface RequestTarget {
  /** Percent-encoded as sent; begins with a slash, and ends before the query. */
  readonly path: string;
  /** `host[:port]` of the absolute form, which proxies send; it replaces the `Host` header. */
  readonly authority?: string;
}

/**
 * Parses the target of any request; never throws, and resolves no dot segments.
 *
 * @returns undefined for the asterisk form (`OPTIONS *`), the authority form (`CONNECT`), and everything that is not a target.
 */
export function parseTarget(target: string): RequestTarget | undefined {
  if (target.startsWith('/')) return { path: pathOf(target) };
  const [start, authority] = /^https?:\/\/([^/?#]*)/i.exec(target) ?? [];
  if (start === undefined || authority === undefined) return undefined;
  const rest = target.slice(start.length);
  // A URL without a path refers to the root.
  return { path: rest.startsWith('/') ? pathOf(rest) : '/', authority };
}

function pathOf(pathAndQuery: string): string {
  const end = pathAndQuery.search(/[?#]/);
  return end < 0 ? pathAndQuery : pathAndQuery.slice(0, end);
}
