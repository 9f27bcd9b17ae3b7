import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A request as it came off the wire; header names in lower case. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type Misbehaviour = (request: RawRequest, socket: Socket, number: number) => void;

/** A server that responds with bytes, which may be wrong; `number` counts its requests from 1. */
export interface RawServer {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly RawRequest[];
  /** Connections that were ever made. */
  readonly connections: number;
  /** Connections that are open now. */
  readonly open: number;
  close(): Promise<void>;
}

export async function rawServer(behave: Misbehaviour): Promise<RawServer> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let received: Buffer = Buffer.alloc(0);
    socket.on('close', () => sockets.delete(socket));
    // Resets are what many of these servers are for.
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      for (let parsed = parse(received); parsed; parsed = parse(received)) {
        received = parsed.rest;
        requests.push(parsed.request);
        behave(parsed.request, socket, requests.length);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
    return closed;
  };
  onTestFinished(close);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    close,
  };
}

function parse(received: Buffer): { request: RawRequest; rest: Buffer } | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = received.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const bodyEnd = end + 4 + Number(headers['content-length'] ?? 0);
  if (received.length < bodyEnd) return undefined;
  const [method = '', path = ''] = first.split(' ');
  const request = { method, path, headers, body: received.subarray(end + 4, bodyEnd) };
  return { request, rest: received.subarray(bodyEnd) };
}

/** The bytes of a response, with a `Content-Length` of its body unless `headers` states another framing. */
export function answer(
  status: number,
  headers: Readonly<Record<string, string | number>> = {},
  body: string | Uint8Array = '',
): Buffer {
  const bytes = Buffer.from(body);
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const isFramed = ['content-length', 'transfer-encoding', 'connection'].some((name) => names.includes(name));
  // 204 and 304 have no body, and no length.
  const framing = isFramed || status === 204 || status === 304 ? {} : { 'Content-Length': bytes.length };
  const lines = Object.entries({ ...framing, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} status\r\n${lines.join('')}\r\n`), bytes]);
}
