/*
 * Checks the destinations of a subscription. InfluxDB uses Go's URL parser, which is stricter in places and laxer in others than
 * JavaScript's WHATWG parser: it accepts `http://<h>:80` and an empty host, and refuses `http://h%41:80` and `http://h^:80`. So this
 * follows Go's rules, part by part.
 */

/** Anything except printable ASCII and characters beyond ASCII. */
const control = /[^ -~\u0080-\uffff]/;
const scheme = /^(?:udp|https?):/i;
const badEscape = /%(?![0-9a-f]{2})/i;
const userInfo = /^[\w\-.~!$&'()*+,;=:%@]*$/;
/** Characters that need no escape in a host; all beyond ASCII are included. */
const hostCharacters = /^[\w\-.~!$&'()*+,;=:[\]<>"%\u0080-\uffff]*$/;
const hostCharacter = /^[\w\-.~!$&'()*+,;=:[\]<>"]$/;
const anEscape = /%([0-9a-f]{2})/gi;

/**
 * Returns whether InfluxDB accepts `url` as the destination of a subscription: udp, http or https, with a port.
 *
 * @example
 * ```ts
 * console.log(isSubscriptionUrl('udp://127.0.0.1:9090')); // true
 * console.log(isSubscriptionUrl('ftp://127.0.0.1:9090')); // false
 * ```
 */
export function isSubscriptionUrl(url: string): boolean {
  if (control.test(url)) return false;
  const [address = '', fragment = ''] = cut(url, '#');
  if (badEscape.test(fragment) || !scheme.test(address)) return false;
  // The query may be anything.
  const [rest = ''] = cut(address.slice(address.indexOf(':') + 1), '?');
  if (!rest.startsWith('//')) return false;
  const [authority = '', path = ''] = cut(rest.slice(2), '/');
  if (badEscape.test(path)) return false;
  const at = authority.lastIndexOf('@');
  const user = authority.slice(0, Math.max(at, 0));
  if (!userInfo.test(user) || badEscape.test(user)) return false;
  const host = unescapeHost(authority.slice(at + 1));
  return host !== undefined && hasPort(host);
}

/** Splits at the first `separator`. */
function cut(text: string, separator: string): readonly string[] {
  const position = text.indexOf(separator);
  return position < 0 ? [text] : [text.slice(0, position), text.slice(position + 1)];
}

/** Returns host and port without escapes; undefined if they are not well-formed. */
function unescapeHost(host: string): string | undefined {
  if (badEscape.test(host) || !hostCharacters.test(host)) return undefined;
  if (!host.startsWith('[')) {
    return /:\d*$/.test(host) || !host.includes(':') ? unescapePart(host, false) : undefined;
  }
  const close = host.lastIndexOf(']');
  if (close < 0 || !/^(?::\d*)?$/.test(host.slice(close + 1))) return undefined;
  const inside = host.slice(0, close);
  const zone = inside.indexOf('%25');
  if (zone < 0) return unescapePart(host, false);
  const address = unescapePart(inside.slice(0, zone), false);
  const name = unescapePart(inside.slice(zone), true);
  return address === undefined || name === undefined ? undefined : address + name + host.slice(close);
}

/** In a host, only bytes beyond ASCII and the percent sign may be escaped; in a zone, a space and unreserved characters. */
function unescapePart(part: string, isZone: boolean): string | undefined {
  let allowed = true;
  const unescaped = part.replace(anEscape, (_, digits: string) => {
    const code = Number.parseInt(digits, 16);
    const character = String.fromCharCode(code);
    allowed &&=
      character === '%' || (isZone ? character === ' ' || hostCharacter.test(character) : code >= 0x80);
    return character;
  });
  return allowed ? unescaped : undefined;
}

/** Returns whether `host` is a name or a bracketed address, followed by a port. */
function hasPort(host: string): boolean {
  if (host.startsWith('[')) return /^\[[^[\]]*\]:[^:[\]]+$/.test(host);
  return /^[^:[\]]*:[^:[\]]+$/.test(host);
}
