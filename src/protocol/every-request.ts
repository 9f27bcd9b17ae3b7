import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Milliseconds in which a refused client may read the response. */
const linger = 1_000;

/** Handles one request; may throw, or return a promise that rejects. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/**
 * Calls `listener` for every request of `server`, and ensures a response where Node's defaults or a defect of the listener would end the
 * connection or the process: a `CONNECT` gets 405, and an exception 500. Node itself refuses what is not HTTP (400, 408, 431).
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
  // Without this listener Node requests the body at once, before the request is checked.
  server.on('checkContinue', handle);
  server.on('connect', refuseTunnel);
}

function respondWithFailure(response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // The headers set so far may be the cause.
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' });
  response.end('the request failed inside the server\n');
}

/** Node closes the connection of a `CONNECT` without a response if there is no listener. */
function refuseTunnel(_request: IncomingMessage, socket: Duplex): void {
  // The client may have disconnected; the socket has no other listener.
  socket.on('error', () => {});
  // Reads what the client still sends, because a connection that is closed with unread bytes is reset, which loses the response.
  socket.resume();
  const head = 'HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD, POST, PUT, DELETE\r\n';
  // The server has passed the socket on and does not close it any more, not even when it closes itself.
  socket.end(`${head}Connection: close\r\nContent-Length: 0\r\n\r\n`, () => {
    setTimeout(() => socket.destroy(), linger).unref();
  });
}
