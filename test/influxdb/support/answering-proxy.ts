import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen } from './listen.js';

/** A whole response. */
export interface Response {
  readonly status?: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What {@link AnsweringProxy} does with a request. */
export type ProxyResponse = Response | 'reset' | 'silence' | undefined;

/** Stands between a mirror and a server, and responds to some requests itself. */
export interface AnsweringProxy {
  readonly url: string;
  /** The statements of every request so far. */
  readonly statements: readonly string[];
  /**
   * The response to a request with these statements (empty except to `/query`); `undefined` asks the server, `reset` breaks the
   * connection, `silence` sends no response.
   */
  respond: (statements: string, path: string, body: string) => ProxyResponse | Promise<ProxyResponse>;
}

/** Without `target` every request must have a response. */
export async function answeringProxy(target?: string): Promise<AnsweringProxy> {
  const statements: string[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request);
    const text = new URLSearchParams(body).get('q') ?? '';
    statements.push(text);
    const own = await proxy.respond(text, request.url ?? '', body);
    if (own === 'silence') return;
    if (own === 'reset') {
      request.socket.destroy();
      return;
    }
    if (own !== undefined) {
      response.writeHead(own.status ?? 200, own.headers).end(own.body);
      return;
    }
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'POST',
      ...(request.method === 'POST' ? { body, headers } : {}),
    });
    response.writeHead(answer.status).end(await answer.text());
  };
  const server = createServer((request, response) => {
    // One side is away: the other must notice.
    serve(request, response).catch(() => request.socket.destroy());
  });
  const url = await listen(server);
  const proxy: AnsweringProxy = {
    url,
    statements,
    respond: () => undefined,
  };
  return proxy;
}

/** A response in which the only statement failed with `error`. */
export const failed = (error: string): Response => ({
  body: JSON.stringify({ results: [{ statement_id: 0, error }] }),
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}
