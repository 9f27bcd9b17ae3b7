import type { IncomingMessage, ServerResponse } from 'node:http';

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

/** Sets the headers that limit what a browser does with the response, before anything else can fail. */
export function protect({ url = '' }: IncomingMessage, response: ServerResponse): void {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (!/^(?:https?:\/\/[^/?#]*)?\/ui(?:[/?#]|$)/i.test(url)) {
    response.setHeader('Cache-Control', 'no-store');
    return;
  }
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
}
