import type { IncomingMessage } from 'node:http';
import { firstOf, type QueryRequest } from './request/query-request.js';

/** Returns the user name in the credentials of a request, without verifying them. */
export function claimedUser({ headers }: IncomingMessage, { url }: QueryRequest): string | undefined {
  const ofUrl = firstOf(url, 'u');
  if (ofUrl !== '') return ofUrl;
  const [, encoded] = /^basic +([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const [name] = Buffer.from(encoded, 'base64').toString('utf8').split(':', 1);
  return name === '' ? undefined : name;
}
