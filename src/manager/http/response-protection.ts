import type { IncomingMessage, ServerResponse } from 'node:http';
import { headers } from '../../protocol/headers.js';

/** What the dashboard may do: nothing with other origins, no code and no style but its own files, and no HTML from text. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types cflux-worker',
].join('; ');

/**
 * What limits the use of every response but the dashboard's files. It is part of the headers that each response is sent with: setting it
 * on each response beforehand would make Node merge the headers of thousands of polls one by one.
 */
export const protection = {
  'X-Content-Type-Options': 'nosniff',
  [headers.cacheControl]: 'no-store',
} as const;

/** Sets the headers that limit what a browser does with a page of the dashboard, before anything else can fail. */
export function protectPage({ url = '' }: IncomingMessage, response: ServerResponse): void {
  if (!/^(?:https?:\/\/[^/?#]*)?\/ui(?:[/?#]|$)/i.test(url)) return;
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
}
