import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** A host and port as browsers compare them. */
export interface Authority {
  /** In lower case, without the trailing dot of an absolute name; an IPv6 address without brackets. */
  readonly host: string;
  /** Empty for the default port of the scheme. */
  readonly port: string;
}

/**
 * Parses `host[:port]`, the value of a `Host` header, like browsers do: `LOCALHOST.` is `localhost`, and `127.1` is `127.0.0.1`.
 *
 * @returns undefined for anything else, such as a URL, or a text with a user name.
 */
export function parseAuthority(text: string, scheme: 'http:' | 'https:' = 'http:'): Authority | undefined {
  // A URL has more parts than host and port, and ignores some characters.
  if (/[\s/?#@\\]/.test(text)) return undefined;
  const url = `${scheme}//${text}`;
  if (!URL.canParse(url)) return undefined;
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$|\.$/g, ''), port };
}

/** Returns whether the address `host` can be reached from this machine only; false for a name. */
export function isLoopbackAddress(host: string): boolean {
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

/** Returns whether a request for `host`, an address or a name as in {@link Authority}, can only be meant for its own machine. */
export function isLoopback(host: string): boolean {
  // RFC 6761: a name below `localhost` cannot be registered.
  return isLoopbackAddress(host) || host === 'localhost' || host.endsWith('.localhost');
}
