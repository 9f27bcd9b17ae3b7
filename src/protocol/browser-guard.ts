import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { CfluxError } from '../errors.js';
import { isLoopback, isLoopbackAddress, parseAuthority } from './host.js';
import { parseTarget } from './request-target.js';

/** The parts of a request that the guard checks. */
export type GuardedRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers'>;

/** How the port is protected otherwise. */
export interface BrowserGuardOptions {
  /** It serves requests without a token or a client certificate. */
  readonly open: boolean;
  /** Additional host names of an open port on loopback. */
  readonly hostNames: readonly string[];
}

/**
 * Refuses requests that a browser sends for a page of another origin (R35). Other programs send only `Host` of the checked headers.
 *
 * A page of another site is recognized by `Sec-Fetch-Site`, in older browsers by `Origin`. A page whose own name was made to resolve to
 * loopback (DNS rebinding) has the same origin for its browser; only `Host` reveals it. That matters for a port that is open on loopback:
 * any other requires credentials that a page does not have, or is reached under names that cannot be known here.
 */
export class BrowserGuard {
  readonly #hostNames: ReadonlySet<string>;
  #checksHost: boolean;

  /** @throws `INVALID_OPTION`; the message names the host name. */
  constructor({ open, hostNames }: BrowserGuardOptions) {
    this.#hostNames = new Set(hostNames.map(checkHostName));
    this.#checksHost = open;
  }

  /** Sets the address that the port was bound to; until then it counts as loopback. */
  boundTo(address: string): void {
    this.#checksHost &&= isLoopbackAddress(address);
  }

  /** Returns why the request is refused; undefined if it is allowed. */
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
    // In its absolute form the target names the host; a Host header beside it must be valid too.
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

/** Matches nearly all requests, without the cost of a URL. */
const usual = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/;

const refused = (why: string) => `request refused: ${why}`;

function hostOf({ url = '', headers }: GuardedRequest): string | undefined {
  const authority = url.startsWith('/') ? undefined : parseTarget(url)?.authority;
  return authority ?? headers.host;
}

/** Returns the items of a header that Node joined because it was repeated. */
function itemsOf(value: string | string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  const items = String(value).split(',');
  return items.map((item) => item.trim().toLowerCase()).filter((item) => item !== '');
}

function isNavigationToUi({ method, url = '', headers }: GuardedRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  // A frame is a navigation too, but not of the whole window.
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

/** Returns host and port for comparison; the scheme's default port equals none. */
function originOf(authority: string, scheme: string): string | undefined {
  const parsed = parseAuthority(authority, scheme.toLowerCase() === 'https:' ? 'https:' : 'http:');
  return parsed && `${parsed.host} ${parsed.port}`;
}

/** Returns the name in the form of {@link parseAuthority}. */
function checkHostName(name: string): string {
  const isIPv6 = isIP(name) === 6;
  const parsed = parseAuthority(isIPv6 ? `[${name}]` : name);
  // The name applies to every port; a wildcard would match nothing.
  const hasMore = !isIPv6 && /:[0-9]*$|\*/.test(name);
  if (parsed !== undefined && !hasMore) return parsed.host;
  throw new CfluxError(
    'INVALID_OPTION',
    `--host-name ${JSON.stringify(name)}: not a host name; write a name or an address without scheme and port`,
  );
}
