import type { IncomingHttpHeaders } from 'node:http';
import { isAtLeast } from '../../server-versions.js';
import { firstOf } from '../request/query-request.js';
import { parseUrlValues } from '../request/url-values.js';

/** The credentials of a request, as a server reads them. */
export type Credentials =
  /** The request has none. */
  | { readonly kind: 'none' }
  /** It has some that no server can read. */
  | { readonly kind: 'unreadable' }
  /** Servers read different ones, because of a raw semicolon between parameters. */
  | { readonly kind: 'ambiguous' }
  | { readonly kind: 'password'; readonly name: string; readonly password: string }
  /** A JSON Web Token. */
  | { readonly kind: 'token'; readonly token: string };

const none: Credentials = { kind: 'none' };
const unreadable: Credentials = { kind: 'unreadable' };

/** The first release that accepts `Token name:password`. */
const tokensSince = [1, 7] as const;

/**
 * Reads the credentials of a request in the server's order: `u` and `p` of the URL, `Bearer`, `Token`, Basic. A form is never read.
 *
 * @param search The query string as sent.
 */
export function readCredentials(
  headers: IncomingHttpHeaders,
  search: string,
  serverVersion: string | undefined,
): Credentials {
  if (search !== '') {
    const inUrl = ofUrl(search, '&');
    // Built before Go 1.17, a server splits at semicolons, too.
    if (search.includes(';') && !isSame(inUrl, ofUrl(search, '&;'))) return { kind: 'ambiguous' };
    if (inUrl.kind === 'password') return inUrl;
  }
  const { authorization, connection } = headers;
  // A header that `Connection` names is not passed on.
  if (authorization === undefined || /\bauthorization\b/i.test(connection ?? '')) return none;
  return ofHeader(authorization, serverVersion);
}

function ofUrl(search: string, separators: '&' | '&;'): Credentials {
  const values = parseUrlValues(search, separators);
  const [name, password] = [firstOf(values, 'u'), firstOf(values, 'p')];
  return name === '' || password === '' ? none : { kind: 'password', name, password };
}

const isSame = (one: Credentials, other: Credentials) => JSON.stringify(one) === JSON.stringify(other);

function ofHeader(header: string, serverVersion: string | undefined): Credentials {
  const [scheme, value, ...more] = header.split(' ');
  if (value !== undefined && more.length === 0) {
    if (scheme === 'Bearer') return { kind: 'token', token: value };
    if (scheme === 'Token' && isAtLeast(serverVersion, tokensSince) && value.includes(':'))
      return nameAndPassword(Buffer.from(value, 'latin1').toString('utf8'));
  }
  // As Go decodes it, which ignores line ends and requires the padding.
  const [, encoded = ''] = /^basic (.*)$/is.exec(header) ?? [];
  const base64 = encoded.replace(/[\r\n]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return unreadable;
  return nameAndPassword(Buffer.from(base64, 'base64').toString('utf8'));
}

function nameAndPassword(text: string): Credentials {
  const colon = text.indexOf(':');
  if (colon < 0) return unreadable;
  return { kind: 'password', name: text.slice(0, colon), password: text.slice(colon + 1) };
}
