import { Agent, request } from 'node:http';

/** Connections that all figures of one suite share. */
export const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** Sends one request, and resolves when the whole response has arrived. */
export function send(url: string, path: string, body?: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Length': body.length };
    const outgoing = request(
      `${url}${path}`,
      { method: body === undefined ? 'GET' : 'POST', agent, headers },
      (incoming) => {
        incoming.resume();
        incoming.once('end', () => resolve(incoming.statusCode ?? 0));
        incoming.once('error', reject);
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** Sends a query by POST. */
export const post = (url: string, text: string) =>
  send(url, `/query?${new URLSearchParams({ q: text })}`, Buffer.alloc(0));
