import { createServer, type IncomingMessage } from 'node:http';
import { listen } from './listen.js';

/** Stands between a mirror and a server, and cuts the line at a change of one's choice. */
export interface CuttingProxy {
  readonly url: string;
  /** Statements that changed something and came through, so far. */
  readonly changes: readonly string[];
  /** Requests that changed nothing. */
  readonly reads: number;
  /**
   * Cuts at the `nth` change from now on, before it reaches the server or after, and lets nothing through from then on: as if
   * the mirror's process had been killed there.
   */
  /** Resolves when the line is cut. */
  readonly cut: Promise<void>;
  cutAt(nth: number, when: 'before' | 'after'): void;
  mend(): void;
}

export async function cuttingProxy(target: string): Promise<CuttingProxy> {
  const changes: string[] = [];
  let place: { nth: number; when: 'before' | 'after' } | undefined;
  let isCut = false;
  let tellCut: () => void = () => {};
  let whenCut = Promise.resolve();
  let seen = 0;
  let reads = 0;

  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    const statement = new URLSearchParams(body).get('q') ?? '';
    // Pings and other requests without a statement change nothing.
    const isChange = statement !== '' && !/^(SHOW|SELECT) /.test(statement);
    if (isChange) seen += 1;
    else if (statement !== '') reads += 1;
    const isHere = isChange && place !== undefined && seen === place.nth;
    if (isHere && place?.when === 'before') isCut = true;
    if (isCut) {
      tellCut();
      request.socket.destroy();
      return;
    }
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const sent = request.method === 'GET' ? {} : { method: 'POST', body, headers };
    const answer = await fetch(`${target}${request.url}`, sent);
    const text = await answer.text();
    if (isChange) changes.push(statement);
    if (isHere) {
      isCut = true;
      tellCut();
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  });
  const url = await listen(server);
  return {
    url,
    changes,
    get reads() {
      return reads;
    },
    get cut() {
      return whenCut;
    },
    cutAt(nth, when) {
      whenCut = new Promise((resolve) => {
        tellCut = resolve;
      });
      place = { nth, when };
      seen = 0;
    },
    mend() {
      place = undefined;
      isCut = false;
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}
