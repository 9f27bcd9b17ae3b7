/** Names and values in turn, as they are on the wire: with their case, their order, and repeated names. */
export type RawHeaders = readonly string[];

/** Headers of one connection (RFC 9110, 7.6.1), in lower case; `Connection` names more. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Headers that frame or address a message: `Connection` must not remove them. */
const kept: ReadonlySet<string> = new Set(['content-length', 'host']);

/** Yields the name and the value of each header. */
export function* headersIn(raw: RawHeaders): Generator<[name: string, value: string]> {
  for (let at = 0; at + 1 < raw.length; at += 2) yield [raw[at] ?? '', raw[at + 1] ?? ''];
}

/** Returns the headers of `raw` that are for both ends, without those with a name in `without` (in lower case). */
export function endToEnd(raw: RawHeaders, without: ReadonlySet<string> = new Set()): string[] {
  const named = namedByConnection(raw);
  const passed: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name = '', value = ''] = [raw[at], raw[at + 1]];
    const lower = name.toLowerCase();
    if (!hopByHop.has(lower) && !named.has(lower) && !without.has(lower)) passed.push(name, value);
  }
  return passed;
}

function namedByConnection(raw: RawHeaders): ReadonlySet<string> {
  const named = new Set<string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (raw[at]?.length !== 10 || raw[at]?.toLowerCase() !== 'connection') continue;
    for (const name of (raw[at + 1] ?? '').toLowerCase().split(',')) named.add(name.trim());
  }
  for (const name of kept) named.delete(name);
  return named;
}

/** Adds the client's address to `X-Forwarded-For`, behind the addresses of earlier proxies. */
export function addForwardedFor(headers: string[], address: string): void {
  for (let at = headers.length - 2; at >= 0; at -= 2) {
    if (headers[at]?.toLowerCase() !== 'x-forwarded-for') continue;
    headers[at + 1] = `${headers[at + 1]}, ${address}`;
    return;
  }
  headers.push('X-Forwarded-For', address);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that a header must not contain
const control = /[\x00-\x08\x0a-\x1f\x7f]/g;

/**
 * Replaces control characters by spaces. A server repeats a part of a refused statement in `X-Influxdb-Error`, control characters
 * included, and Node refuses to send them.
 */
export function withoutControl(headers: string[]): string[] {
  for (let at = 1; at < headers.length; at += 2) {
    const value = headers[at];
    if (value?.search(control) !== -1) headers[at] = value?.replace(control, ' ') ?? '';
  }
  return headers;
}
