import { createServer, type IncomingHttpHeaders, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** One request with its response. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly request: IncomingHttpHeaders;
  readonly sent: Buffer;
  readonly status: number;
  readonly response: IncomingHttpHeaders;
  readonly received: Buffer;
}

/** What a proxy makes of a response, or of the request before it is forwarded; undefined: nothing. */
export interface Meddler {
  /** Returns the response to send instead of forwarding the request; `drop`: the connection is broken. */
  readonly before?: (
    exchange: Pick<Exchange, 'method' | 'path' | 'request' | 'sent'>,
  ) => Meddled | 'drop' | undefined;
  /** Changes a response. */
  readonly after?: (exchange: Exchange) => Meddled | 'drop' | undefined;
}

export interface Meddled {
  readonly status: number;
  readonly headers?: IncomingHttpHeaders;
  readonly body?: Buffer | string;
}

/** A proxy that records every exchange with `target`, and may meddle with it. */
export async function recordingProxy(target: string, meddler: Meddler = {}) {
  const exchanges: Exchange[] = [];
  const state = { target, meddler };
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', () => {});
    incoming.on('end', () => {
      const sent = Buffer.concat(chunks);
      const { method = '', url: path = '', headers } = incoming;
      const reply = (meddled: Meddled | 'drop') => {
        if (meddled === 'drop') {
          incoming.socket.destroy();
          return;
        }
        const body = Buffer.from(meddled.body ?? '');
        const kept = Object.fromEntries(
          Object.entries(meddled.headers ?? {}).filter(
            ([name]) => !['transfer-encoding', 'connection', 'keep-alive', 'content-length'].includes(name),
          ),
        );
        const length = meddled.status === 204 ? {} : { 'content-length': body.length };
        outgoing.writeHead(meddled.status, { ...kept, ...length });
        outgoing.end(body);
      };
      const early = state.meddler.before?.({ method, path, request: headers, sent });
      if (early !== undefined) return reply(early);
      const forwarded = send(`${state.target}${path}`, { method, headers, agent: false }, (answer) => {
        const received: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => received.push(chunk));
        answer.on('error', () => incoming.socket.destroy());
        answer.on('end', () => {
          const exchange = {
            ...{ method, path, request: headers, sent, status: answer.statusCode ?? 0 },
            ...{ response: answer.headers, received: Buffer.concat(received) },
          };
          exchanges.push(exchange);
          const { status, response, received: body } = exchange;
          reply(state.meddler.after?.(exchange) ?? { status, headers: response, body });
        });
      });
      forwarded.on('error', () => incoming.socket.destroy());
      outgoing.on('close', () => {
        if (!outgoing.writableFinished) forwarded.destroy();
      });
      forwarded.end(sent);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    exchanges,
    /** From now on. */
    meddle(next: Meddler): void {
      state.meddler = next;
    },
    /** From now on, requests go to another server. */
    moveTo(next: string): void {
      state.target = next;
    },
  };
}
