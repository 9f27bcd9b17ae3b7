import type { ClientRequest, IncomingMessage, OutgoingMessage, ServerResponse } from 'node:http';
import { withoutParameters } from '../request/target.js';
import { addForwardedFor, endToEnd, headersIn, withoutControl } from './raw-headers.js';
import type { Framing } from './request-framing.js';
import type { Upstream } from './upstream.js';

/** A request to pass on, and what is known of its body. */
export interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly framing: Framing;
  /** The part of the body that was already read; more may follow in `request`. */
  readonly read?: readonly Buffer[];
  /** Whether to leave out the client's credentials. Default: false. */
  readonly withoutCredentials?: boolean;
}

export interface PassEvents {
  /** The server's response has begun. */
  readonly onResponse?: (response: IncomingMessage) => void;
  /** Returns whether the client gets another response instead. */
  readonly replaces?: (response: IncomingMessage) => boolean;
  /** The server cannot be reached, or it closed the connection before its response; the client has no response yet. */
  readonly onFailure: (error: Error) => void;
}

const expectation: ReadonlySet<string> = new Set(['expect']);
const authorization: ReadonlySet<string> = new Set(['authorization']);
const both: ReadonlySet<string> = new Set([...expectation, ...authorization]);
const none: ReadonlySet<string> = new Set();

/**
 * Passes a request to the server and the response back, as streams: either side waits for the other, nothing is kept whole, and a
 * side that breaks off makes the other side break off too. A response that has begun is never completed by other bytes.
 */
export function pass(upstream: Upstream, passage: Passage, events: PassEvents): void {
  const { request, response, framing, read } = passage;
  // The client has disconnected: an incomplete body would never end, and the server would wait for the rest of it.
  if (response.destroyed) return;
  const outgoing = upstream.begin({
    method: request.method ?? 'GET',
    target: targetOf(passage),
    headers: headersOf(passage, upstream.host),
  });
  outgoing.on('continue', () => response.writeContinue());
  outgoing.on('response', (incoming) => {
    events.onResponse?.(incoming);
    if (events.replaces?.(incoming)) incoming.resume();
    else passBack(incoming, response);
  });
  outgoing.on('error', (error) => {
    if (!response.headersSent && !response.destroyed) events.onFailure(error);
  });
  outgoing.once('close', () => {
    // The rest of a body that the server does not want is read and forgotten, so that the client reads the response.
    request.unpipe(outgoing);
    request.resume();
  });
  response.once('close', () => {
    if (!response.writableFinished) outgoing.destroy();
  });
  for (const piece of read ?? []) outgoing.write(piece);
  if (framing === 'none' || request.readableEnded) outgoing.end();
  else passBody(request, outgoing);
}

function passBody(request: IncomingMessage, outgoing: ClientRequest): void {
  request.pipe(outgoing, { end: false });
  request.once('end', () => {
    if (request.rawTrailers.length > 0) outgoing.addTrailers([...headersIn(request.rawTrailers)]);
    outgoing.end();
  });
  // The head goes at once if the body is slow.
  if (request.readableLength === 0) sendHead(outgoing);
}

const targetOf = ({ request: { url = '/' }, withoutCredentials }: Passage): string =>
  withoutCredentials ? withoutParameters(url, ['u', 'p']) : url;

function headersOf({ request, framing, read, withoutCredentials }: Passage, host: string): string[] {
  // A body that was read is no longer awaited.
  const [plain, stripped] = read === undefined ? [none, authorization] : [expectation, both];
  const headers = endToEnd(request.rawHeaders, withoutCredentials ? stripped : plain);
  if (request.headers.host === undefined) headers.unshift('Host', host);
  if (framing === 'chunked') headers.push('Transfer-Encoding', 'chunked');
  // Without a length, Node would send an empty chunked body.
  if (framing === 'none' && !bodiless.has(request.method ?? '')) headers.push('Content-Length', '0');
  addForwardedFor(headers, request.socket.remoteAddress ?? 'unknown');
  return headers;
}

/** Methods for which Node sends no body unless one is given. */
const bodiless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT']);

function passBack(incoming: IncomingMessage, response: ServerResponse): void {
  const { statusCode = 502, statusMessage = '', rawHeaders } = incoming;
  if (response.destroyed) {
    incoming.destroy();
    return;
  }
  response.sendDate = false;
  response.writeHead(statusCode, statusMessage, withoutControl(endToEnd(rawHeaders)));
  sendHead(response);
  incoming.pipe(response, { end: false });
  incoming.once('end', () => {
    if (incoming.rawTrailers.length > 0) response.addTrailers([...headersIn(incoming.rawTrailers)]);
    response.end();
  });
  incoming.once('close', () => {
    if (!incoming.complete) breakOff(response);
  });
}

/** Ends a response so that the client cannot take it for a complete one, also if only the end of the connection would delimit it. */
function breakOff(response: ServerResponse): void {
  const { socket } = response;
  if (socket !== null && 'resetAndDestroy' in socket) socket.resetAndDestroy();
  response.destroy();
}

/** Sends the head now. `flushHeaders` would send its characters as UTF-8. */
const sendHead = (message: OutgoingMessage): boolean => message.write('', 'latin1');
