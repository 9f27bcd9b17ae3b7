import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { CfluxError } from '../../errors.js';
import { headers } from '../../protocol/headers.js';
import { statusOf } from '../../protocol/http-status.js';
import { problemOf, problemType, wantsProblem } from '../../protocol/problem.js';
import type { Exchange } from './exchange.js';
import { header } from './request-headers.js';
import { type Standing, standingHeaders } from './standing.js';

const empty = { 'Content-Length': 0 };

/** 200, and that is all: what heartbeats are answered with. */
export function answerOk(response: ServerResponse): void {
  response.writeHead(200, empty);
  response.end();
}

/** An answer without a body. */
export function answerEmpty(response: ServerResponse, status: number, standing: Standing): void {
  const length = status === 204 ? {} : empty;
  response.writeHead(status, { ...standingHeaders(standing), ...length });
  response.end();
}

export function answerText(response: ServerResponse, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

export function answerJson(response: ServerResponse, json: string): void {
  answerText(response, json, 'application/json');
}

/** A text that may be long: its bytes count among those that are being sent. */
export function answerListing(
  { response, sent }: Pick<Exchange, 'response' | 'sent'>,
  text: string,
  type = 'application/json',
): void {
  const body = Buffer.from(text);
  const headers = ['Content-Type', type, 'Content-Length', String(body.byteLength)];
  sent.send(response, body, { status: 200, headers });
}

/** A snapshot, gzipped where the client takes that. */
export async function answerSnapshot(
  { request, response, encodings, sent }: Exchange,
  status: number,
  what: {
    readonly cluster: string;
    readonly standing: Standing;
    readonly snapshot: Uint8Array;
    readonly isNewest: boolean;
  },
): Promise<void> {
  const { cluster, standing, snapshot, isNewest } = what;
  const encoded = encodings.of(snapshot);
  const gzipped = takesGzip(request) ? await encoded.gzipped() : undefined;
  const body = gzipped ?? encoded.bytes;
  sent.send(response, body, { cluster, isNewest, status, headers: encoded.headersOf(standing, body) });
}

/** An error: plain text, or JSON where the request asks for it. */
export function answerError(
  request: IncomingMessage,
  response: ServerResponse,
  cause: unknown,
  standing: Standing = {},
): void {
  const error = CfluxError.from(cause, 'MANAGER_FAILED');
  const status = statusOf(error);
  const asJson = wantsProblem(header(request, 'Accept'));
  const body = asJson
    ? JSON.stringify(problemOf(error, status, STATUS_CODES[status] ?? 'Error'))
    : `${error.message}\n`;
  response.writeHead(status, {
    ...standingHeaders(standing),
    ...(error.outcome === 'none' ? { [headers.outcome]: 'refused' } : {}),
    ...(error.retryAfter === undefined
      ? {}
      : { [headers.retryAfter]: String(Math.max(1, Math.ceil(error.retryAfter / 1_000))) }),
    'Content-Type': asJson ? problemType : 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  });
  response.end(body);
}

function takesGzip(request: IncomingMessage): boolean {
  const accepted = header(request, 'Accept-Encoding')?.split(',') ?? [];
  return accepted.some((item) => {
    const [coding, weight] = /^\s*(?:x-)?gzip\s*(?:;\s*q=(.*))?$/i.exec(item) ?? [];
    return coding !== undefined && !/^0(?:\.0*)?\s*$/.test(weight ?? '1');
  });
}
