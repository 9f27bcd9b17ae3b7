import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { CfluxError } from '../errors.js';
import { isLoopback, isLoopbackAddress, parseAuthority } from './host.js';
import { parseTarget } from './request-target.js';

/** What the guard looks at. */
export type GuardedRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** How a port is protected besides. */
export interface BrowserGuardOptions {
  /** It serves requests that show neither a token nor a client certificate. */
  readonly open: boolean;
  /** Further names that an open port on loopback is served under. */
  readonly hostNames: readonly string[];
}

/**
 * Refuses requests that a browser sends for a page of another origin (R35). Of the headers that it reads, programs send `Host` only.
 *
 * A page of another site is recognized by `Sec-Fetch-Site`, in older browsers by `Origin`. A page whose own name was made to resolve
 * to loopback (DNS rebinding) has the same origin for its browser; only `Host` gives it away. That matters for a port that is open
 * on loopback: any other asks for credentials that no page has, or is reached under names that cannot be known here.
 */
export class BrowserGuard {
  readonly #hostNames: ReadonlySet<string>;
  #checksHost: boolean;

  /** @throws `INVALID_OPTION` that names the host name. */
  constructor({ open, hostNames }: BrowserGuardOptions) {
    this.#hostNames = new Set(hostNames.map(checkHostName));
    this.#checksHost = open;
  }

  /** Tells the address that the port was bound to; until then it counts as loopback. */
  boundTo(address: string): void {
    this.#checksHost &&= isLoopbackAddress(address);
  }

  /** Why the request is refused; undefined: it may pass. */
  refusal(request: GuardedRequest): string | undefined {
    const host = hostOf(request);
    const site = itemsOf(request.headers['sec-fetch-site']);
    if (site.includes('cross-site') || site.includes('same-site')) {
      if (!isNavigationToUi(request)) return refused('it comes from a web page of another origin');
    } else if (site.length === 0 && !isOwnOrigin(request, host)) {
      return refused(
        'its Origin is neither Host nor X-Forwarded-Host, so it comes from a web page of another origin',
      );
    }
    if (!this.#checksHost) return undefined;
    // In its absolute form the target names the host; a Host header beside it must be as good.
    const foreign = [host, request.headers.host].find((each) => !this.#isOwnName(each));
    if (foreign === undefined) return undefined;
    return refused(
      `this port is open without credentials on loopback, and the Host ${JSON.stringify(foreign.slice(0, 200))} is not a ` +
        'loopback name; to serve this name, for example behind a proxy, add it with --host-name',
    );
  }

  #isOwnName(authority: string | undefined): boolean {
    // Every browser sends a host; a probe with HTTP/1.0 may send none.
    if (authority === undefined || authority === '' || usual.test(authority)) return true;
    const host = parseAuthority(authority)?.host;
    return host !== undefined && (isLoopback(host) || this.#hostNames.has(host));
  }
}

/** What nearly all requests have, without the cost of a URL. */
const usual = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/;

const refused = (why: string) => `the request is refused: ${why}`;

function hostOf({ url = '', headers }: GuardedRequest): string | undefined {
  const authority = url.startsWith('/') ? undefined : parseTarget(url)?.authority;
  return authority ?? headers.host;
}

/** The items of a header that Node joined when it came several times. */
function itemsOf(value: string | string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  const items = String(value).split(',');
  return items.map((item) => item.trim().toLowerCase()).filter((item) => item !== '');
}

function isNavigationToUi({ method, url = '', headers }: GuardedRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  // A frame is a navigation, too, but not of the whole window.
  const destination = headers['sec-fetch-dest'] ?? 'document';
  return (
    headers['sec-fetch-mode'] === 'navigate' &&
    destination === 'document' &&
    parseTarget(url)?.path.startsWith('/ui/') === true
  );
}

function isOwnOrigin({ headers }: GuardedRequest, host: string | undefined): boolean {
  const { origin } = headers;
  if (origin === undefined) return true;
  const [, scheme, authority] = /^(https?:)\/\/([^/]+)$/i.exec(origin) ?? [];
  if (scheme === undefined || authority === undefined) return false;
  const from = originOf(authority, scheme);
  if (from === undefined) return false;
  // A chain of proxies lists one name each.
  const own = [host ?? '', ...itemsOf(headers['x-forwarded-host'])];
  return own.some((each) => originOf(each, scheme) === from);
}

/** Host and port for comparing; the port of the scheme is the same as none. */
function originOf(authority: string, scheme: string): string | undefined {
  const parsed = parseAuthority(authority, scheme.toLowerCase() === 'https:' ? 'https:' : 'http:');
  return parsed && `${parsed.host} ${parsed.port}`;
}

/** The name as {@link parseAuthority} gives that of a request. */
function checkHostName(name: string): string {
  const isIPv6 = isIP(name) === 6;
  const parsed = parseAuthority(isIPv6 ? `[${name}]` : name);
  // The name holds for every port; a wildcard would match nothing.
  const hasMore = !isIPv6 && /:[0-9]*$|\*/.test(name);
  if (parsed !== undefined && !hasMore) return parsed.host;
  throw new CfluxError(
    'INVALID_OPTION',
    `--host-name ${JSON.stringify(name)}: not a host name; write a name or an address without scheme and port`,
  );
}
