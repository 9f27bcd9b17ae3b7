import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Milliseconds in which a client that was refused may read why. */
const linger = 1_000;

/** Handles one request; may throw, or return a promise that rejects. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/**
 * Has `listener` handle every request of `server`, and ensures a response where Node's defaults or a fault of the listener would
 * end the connection or the process: a `CONNECT` gets 405, and an exception 500. Node itself refuses what is not HTTP (400, 408, 431).
 */
export function onEveryRequest(server: Server, listener: RequestListener): void {
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    try {
      listener(request, response)?.catch(() => respondWithFailure(response));
    } catch {
      respondWithFailure(response);
    }
  };
  server.on('request', handle);
  // Without this listener Node asks for the body at once, before the request is judged.
  server.on('checkContinue', handle);
  server.on('connect', refuseTunnel);
}

function respondWithFailure(response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // The headers that were set so far may be what is wrong.
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end('the request failed inside the server\n');
}

/** Node closes the connection of a `CONNECT` without a response when nothing listens. */
function refuseTunnel(_request: IncomingMessage, socket: Duplex): void {
  // The client may be gone already; the socket has no other listener.
  socket.on('error', () => {});
  // What the client still sends is read, because a connection that is closed with bytes unread is reset, the response with it.
  socket.resume();
  const head = 'HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD, POST, PUT, DELETE\r\n';
  // The server has handed the socket over and does not close it any more, not even when it closes itself.
  socket.end(`${head}Connection: close\r\nContent-Length: 0\r\n\r\n`, () => {
    setTimeout(() => socket.destroy(), linger).unref();
  });
}
