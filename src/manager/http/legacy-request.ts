import type { IncomingMessage } from 'node:http';
import { header } from './request-headers.js';

/** Whether a request may come from a legacy client: it has none of the additional headers. */
function isLegacy({ headers }: IncomingMessage): boolean {
  for (const name in headers) if (name.startsWith('cflux-')) return false;
  return true;
}

/** Whether a poll may come from a legacy client, which never limits the hold either. */
export const isLegacyPoll = (request: IncomingMessage): boolean =>
  header(request, 'Prefer') === undefined && isLegacy(request);

/** Whether the requester may be a legacy server that looks for owners of shards: a program in Go without any of the additional headers. */
export const isLegacyReader = (request: IncomingMessage): boolean =>
  header(request, 'User-Agent')?.startsWith('Go-http-client') === true && isLegacy(request);
