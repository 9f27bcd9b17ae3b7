import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { CfluxError } from '../../errors.js';
import { headers } from '../../protocol/headers.js';
import { statusOf } from '../../protocol/http-status.js';
import { problemOf, problemType, wantsProblem } from '../../protocol/problem.js';
import { TimeSlice } from '../time-slice.js';
import type { OfferedDelta } from '../versions/recent-changes.js';
import type { Exchange } from './exchange.js';
import { type HistoryHeaders, standingHeaders } from './history-headers.js';
import { header, takesGzip } from './request-headers.js';
import { protection } from './response-protection.js';

const empty = { 'Content-Length': 0 };

/** Sends 200 without anything else: the response to heartbeats, the most frequent one. */
export function sendOk(response: ServerResponse): void {
  response.writeHead(200, empty);
  response.end();
}

/** Sends a response without a body. */
export function sendEmpty(response: ServerResponse, status: number, standing: HistoryHeaders): void {
  const length = status === 204 ? {} : empty;
  response.writeHead(status, { ...standingHeaders(standing), ...protection, ...length });
  response.end();
}

export function sendText(response: ServerResponse, text: string, type = 'text/plain; charset=utf-8'): void {
  const length = Buffer.byteLength(text);
  response.writeHead(200, { ...protection, 'Content-Type': type, 'Content-Length': length });
  response.end(text);
}

export function sendJson(response: ServerResponse, json: string): void {
  sendText(response, json, 'application/json');
}

/** A text that may be long. */
export interface Listing {
  readonly before: string;
  readonly items: readonly string[];
  readonly separator: string;
  readonly after: string;
}

/** Items encoded at a time: encoding a long listing at once would block the event loop. */
const itemsAtOnce = 500;

/** Sends a text that may be long: its bytes count among those being sent. */
export async function sendListing(
  { response, sent }: Pick<Exchange, 'response' | 'sent'>,
  { before, items, separator, after }: Listing,
  type = 'application/json',
): Promise<void> {
  const slice = new TimeSlice();
  const parts = [Buffer.from(before)];
  for (let at = 0; at < items.length; at += itemsAtOnce) {
    const text = items.slice(at, at + itemsAtOnce).join(separator);
    parts.push(Buffer.from(at === 0 ? text : `${separator}${text}`));
    await slice.rest();
  }
  const body = Buffer.concat([...parts, Buffer.from(after)]);
  const length = String(body.byteLength);
  const headers = Object.entries({ ...protection, 'Content-Type': type, 'Content-Length': length }).flat();
  sent.send(response, body, { status: 200, headers });
}

/** Sends a snapshot, compressed with gzip if the client accepts that. */
export async function sendSnapshot(
  { request, response, encodings, sent, forms }: Exchange,
  status: number,
  what: {
    readonly cluster: string;
    readonly standing: HistoryHeaders;
    readonly snapshot: Uint8Array;
    readonly isNewest: boolean;
  },
): Promise<void> {
  const { cluster, standing, snapshot, isNewest } = what;
  const encoded = encodings.of(snapshot);
  const gzipped = takesGzip(request) ? await encoded.gzipped() : undefined;
  const body = gzipped ?? encoded.bytes;
  // An older version is a request of an operator.
  if (isNewest) forms.sent(status, 'snapshot');
  sent.send(response, body, { cluster, isNewest, status, headers: encoded.headersOf(standing, body) });
}

/**
 * Sends the newest version as a delta from version `base`. If that is not smaller than half of the compressed snapshot, sends the
 * snapshot.
 *
 * @param statuses of a delta, and of a snapshot
 */
export function sendDelta(
  exchange: Exchange,
  statuses: { readonly delta: number; readonly whole: number },
  {
    cluster,
    base,
    offered,
  }: { readonly cluster: string; readonly base: number; readonly offered: OfferedDelta },
): Promise<void> | void {
  const { response, deltas, sent, forms } = exchange;
  const { headers, isSmall } = deltas.of(offered, base);
  const send = (asDelta: boolean) => {
    if (asDelta) {
      forms.sent(statuses.delta, 'delta');
      return sent.send(response, offered.delta, { cluster, isNewest: true, status: statuses.delta, headers });
    }
    forms.fallbacks.too_large += 1;
    const { whole } = offered;
    return sendSnapshot(exchange, statuses.whole, {
      cluster,
      standing: whole,
      snapshot: whole.snapshot,
      isNewest: true,
    });
  };
  return typeof isSmall === 'boolean' ? send(isSmall) : isSmall.then(send);
}

/** Sends an error: plain text, or JSON if the request asks for it. */
export function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  cause: unknown,
  standing: HistoryHeaders = {},
): void {
  const error = CfluxError.from(cause, 'MANAGER_FAILED');
  const status = statusOf(error);
  const asJson = wantsProblem(header(request, 'Accept'));
  const body = asJson
    ? JSON.stringify(problemOf(error, status, STATUS_CODES[status] ?? 'Error'))
    : `${error.message}\n`;
  response.writeHead(status, {
    ...standingHeaders(standing),
    ...(error.outcome === 'notApplied' ? { [headers.outcome]: 'refused' } : {}),
    ...(error.retryAfter === undefined
      ? {}
      : { [headers.retryAfter]: String(Math.max(1, Math.ceil(error.retryAfter / 1_000))) }),
    'Content-Type': asJson ? problemType : 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    ...protection,
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  });
  response.end(body);
}
