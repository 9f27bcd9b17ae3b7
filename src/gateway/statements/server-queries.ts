import type { IncomingMessage } from 'node:http';
import { CfluxError } from '../../errors.js';
import { basic } from '../../influxdb/connect/influx-credentials.js';
import { addForwardedFor, endToEnd } from '../proxy/raw-headers.js';
import type { Upstream } from '../proxy/upstream.js';
import { firstOf, type QueryRequest } from '../request/query-request.js';

/** A whole response of the server. */
export interface ServerResponse {
  readonly status: number;
  /** End-to-end headers, with their case and order. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/** How a query of the gateway differs from the client's request. */
export interface QueryChanges {
  /** Default: as of the client. */
  readonly accept?: string;
  /** Whether to leave out what concerns only the form of the response. Default: false. */
  readonly isDryRun?: boolean;
}

/** The largest response to statements beside those for the cluster; requests without one have no limit. */
const maxBody = 256 * 2 ** 20;

/** Headers of the body and of the response's encoding: the gateway's own queries have others. */
const replaced: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'accept-encoding',
  'expect',
  'trailer',
]);
/** Parameters of the whole request, which the gateway itself handles, and the text. */
const handled: ReadonlySet<string> = new Set(['q', 'async', 'pretty', 'u', 'p']);
/** Parameters that the server reads in the URL only. */
const ofUrl = ['pretty', 'u', 'p'];

/** Sends single statements of a client's request to the server, with the same method, parameters, credentials and headers. */
export class ServerQueries {
  readonly #upstream: Upstream;
  readonly #request: IncomingMessage;
  readonly #query: QueryRequest;

  readonly #onWait: (milliseconds: number) => void;
  /** Credentials instead of the client's. */
  #login: string | undefined;

  /** @param onWait Called with the milliseconds of each exchange. */
  constructor(
    upstream: Upstream,
    request: IncomingMessage,
    query: QueryRequest,
    onWait: (milliseconds: number) => void,
  ) {
    this.#upstream = upstream;
    this.#request = request;
    this.#query = query;
    this.#onWait = onWait;
  }

  /** Sends these credentials from now on. */
  actAs(name: string, password: string): void {
    this.#login = basic(name, password);
  }

  /** Resolves with the response, whatever its status. Rejects with `UNREACHABLE`, or `TOO_LARGE`. */
  async send(text: string, { accept, isDryRun = false }: QueryChanges = {}): Promise<ServerResponse> {
    const { url, values } = this.#query;
    const isGet = this.#request.method === 'GET';
    const inUrl = new Map<string, string>();
    const inForm = isGet ? inUrl : new Map<string, string>();
    for (const name of ofUrl) {
      const isLeftOut = name === 'pretty' ? isDryRun : this.#login !== undefined;
      if (!isLeftOut && url.has(name)) inUrl.set(name, firstOf(url, name));
    }
    for (const name of values.keys()) if (!handled.has(name)) inForm.set(name, firstOf(values, name));
    if (isDryRun) inForm.delete('chunked');
    inForm.set('q', text);
    const body = isGet ? undefined : Buffer.from(encoded(inForm));
    const search = encoded(inUrl);
    const begin = performance.now();
    try {
      return await this.#exchange(`/query${search === '' ? '' : `?${search}`}`, body, accept);
    } finally {
      this.#onWait(performance.now() - begin);
    }
  }

  #exchange(target: string, body: Buffer | undefined, accept: string | undefined): Promise<ServerResponse> {
    const without = new Set(replaced);
    if (accept !== undefined) without.add('accept');
    if (this.#login !== undefined) without.add('authorization');
    const headers = endToEnd(this.#request.rawHeaders, without);
    if (this.#login !== undefined) headers.push('Authorization', this.#login);
    if (accept !== undefined) headers.push('Accept', accept);
    if (this.#request.headers.host === undefined) headers.unshift('Host', this.#upstream.host);
    if (body !== undefined) {
      headers.push(
        'Content-Type',
        'application/x-www-form-urlencoded',
        'Content-Length',
        String(body.length),
      );
    }
    addForwardedFor(headers, this.#request.socket.remoteAddress ?? 'unknown');
    const outgoing = this.#upstream.begin({ method: this.#request.method ?? 'POST', target, headers });
    outgoing.end(body);
    return new Promise((resolve, reject) => {
      outgoing.once('response', (incoming) => collect(incoming).then(resolve, reject));
      outgoing.once('error', (cause) => reject(unreachable(cause)));
    });
  }
}

async function collect(incoming: IncomingMessage): Promise<ServerResponse> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of incoming) {
      size += piece.length;
      if (size > maxBody) throw tooLarge();
      pieces.push(piece);
    }
  } catch (cause) {
    incoming.destroy();
    throw cause instanceof CfluxError ? cause : unreachable(cause);
  }
  return {
    status: incoming.statusCode ?? 502,
    headers: endToEnd(incoming.rawHeaders),
    body: Buffer.concat(pieces),
  };
}

const unreachable = (cause: unknown) =>
  new CfluxError('UNREACHABLE', `InfluxDB does not respond: ${CfluxError.from(cause).message}`, {
    cause,
    retryable: true,
  });

const tooLarge = () =>
  new CfluxError(
    'TOO_LARGE',
    `the response has more than ${maxBody} bytes: send statements for the cluster in a request of their own`,
  );

const encoded = (values: ReadonlyMap<string, string>) =>
  [...values].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
