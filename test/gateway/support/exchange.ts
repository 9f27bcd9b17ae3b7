import { Agent, request as send } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** A request as a client sends it. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** One character for each byte. */
  readonly body?: string;
}

/** A response without what differs between any two: ids, the date, the border of chunks, and the connection. */
export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Unpacked; one character for each byte. */
  readonly body: string;
}

const varying: ReadonlySet<string> = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding']);

const agent = new Agent({ keepAlive: true });

/** Sends one request, and resolves with the response. */
export function exchange(url: string, { method, path, headers = {}, body }: Sent): Promise<Received> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(body ?? '', 'latin1');
    const length = method === 'GET' || method === 'HEAD' ? {} : { 'Content-Length': String(bytes.length) };
    const outgoing = send(
      `${url}`,
      { method, path, agent, insecureHTTPParser: true, headers: { ...headers, ...length } },
      (incoming) => {
        const pieces: Buffer[] = [];
        incoming.on('data', (piece) => pieces.push(piece));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const whole = Buffer.concat(pieces);
          const isPacked = incoming.headers['content-encoding'] === 'gzip' && whole.length > 0;
          const raw = incoming.rawHeaders;
          const shown: Record<string, string> = {};
          for (let at = 0; at < raw.length; at += 2) {
            const name = raw[at] ?? '';
            if (!varying.has(name.toLowerCase())) shown[name] = shownValue(name, raw[at + 1] ?? '');
          }
          resolve({
            status: incoming.statusCode ?? 0,
            headers: shown,
            body: (isPacked ? gunzipSync(whole) : whole).toString('latin1'),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(bytes.length === 0 ? undefined : bytes);
  });
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const control = /[\x00-\x1f\x7f]/g;

function shownValue(name: string, value: string): string {
  // An id of the server's own, and a list in random order.
  if (/^(x-)?request-id$/i.test(name)) return value.replace(/^[0-9a-f-]{36}$/, 'id');
  // The server repeats control characters of a statement, which a header must not contain.
  if (name === 'X-Influxdb-Error') return value.replace(control, ' ');
  return name === 'Allow' ? value.split(', ').sort().join(', ') : value;
}

/** A POST of a form to `/query`. */
export const query = (text: string, more: Readonly<Record<string, string>> = {}): Sent => ({
  method: 'POST',
  path: '/query',
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams({ q: text, ...more }).toString(),
});
