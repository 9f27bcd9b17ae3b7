import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { chooseFormat } from './formats/choose-format.js';
import { firstOf } from './request/query-request.js';
import { targetOf } from './request/target.js';
import { parseUrlValues } from './request/url-values.js';

/** The version and build that the server stated last: clients expect them in every response. */
export class ServerIdentity {
  #version: string | undefined;
  #build: string | undefined;

  get version(): string | undefined {
    return this.#version;
  }

  /** Notes the headers of a response of the server. */
  note({ 'x-influxdb-version': version, 'x-influxdb-build': build }: NodeJS.Dict<string | string[]>): void {
    if (typeof version !== 'string') return;
    this.#version = version;
    this.#build = typeof build === 'string' ? build : undefined;
  }

  get headers(): Record<string, string> {
    return {
      ...(this.#build === undefined ? {} : { 'X-Influxdb-Build': this.#build }),
      ...(this.#version === undefined ? {} : { 'X-Influxdb-Version': this.#version }),
    };
  }
}

/** Sends an error of the gateway itself, in the form and the format of the server's errors. */
export function sendError(
  response: ServerResponse,
  {
    status,
    text,
    headers = {},
  }: { readonly status: number; readonly text: string; readonly headers?: Record<string, string> },
  server: ServerIdentity,
): void {
  if (response.headersSent || response.destroyed) return;
  const { url = '', headers: asked } = response.req;
  const isPretty = firstOf(parseUrlValues(targetOf(url).search), 'pretty') === 'true';
  const format = chooseFormat(asked.accept, isPretty);
  const body = format.error(text);
  const id = requestIdOf(asked);
  const all = {
    'Content-Type': format.contentType,
    'Request-Id': id,
    'X-Request-Id': id,
    ...server.headers,
    ...corsHeaders(asked.origin),
    // The server sends a challenge in its place.
    ...(status === 401
      ? { 'Www-Authenticate': 'Basic realm="InfluxDB"' }
      : { 'X-Influxdb-Error': errorHeader(text) }),
    ...headers,
  };
  // As Go sorts them.
  const sorted = Object.entries(all).sort(([one], [other]) => (one < other ? -1 : 1));
  response.writeHead(status, [...sorted.flat(), 'Content-Length', String(body.length)]);
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** As the server, for each request with an origin. */
function corsHeaders(origin: string | undefined): Record<string, string> {
  if (origin === undefined || origin === '') return {};
  return {
    'Access-Control-Allow-Headers':
      'Accept, Accept-Encoding, Authorization, Content-Length, Content-Type, X-CSRF-Token, X-HTTP-Method-Override',
    'Access-Control-Allow-Methods': 'DELETE, GET, OPTIONS, POST, PUT',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'Date, X-InfluxDB-Version, X-InfluxDB-Build',
  };
}

/** As the server: the client's, or a new one. */
function requestIdOf(headers: IncomingHttpHeaders): string {
  const given = headers['x-request-id'] || headers['request-id'];
  return typeof given === 'string' ? given : randomUUID();
}

/** The text as the server puts it into `X-Influxdb-Error`: its first 1,024 bytes, without line ends. */
export function errorHeader(text: string): string {
  const bytes = Buffer.from(text).subarray(0, 1_024).toString('latin1');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a header must not contain them
  return bytes.replace(/[\x00-\x1f\x7f]/g, ' ');
}
