import type { Socket } from 'node:net';
import { Agent, request as send } from 'undici';
import { onTestFinished } from 'vitest';
import { type RawRequest, rawServer } from '../../support/raw-server.js';

/** One request on its way through the balancer. */
export interface Passage extends RawRequest {
  /** When it came, in milliseconds by the monotonic clock. */
  readonly at: number;
  /** Aborts when its connection is closed. */
  readonly gone: AbortSignal;
  /** Its response; absent if there is none yet. */
  status?: number;
  /** Bytes of the body of that response. */
  bytes?: number;
}

/** `cut`: the connection is closed; `silence`: nothing comes, and the connection stays; bytes are the whole response. */
export type Fate = Buffer | 'cut' | 'silence';

/** What befalls the requests; what is left out happens as it should. */
export interface Mischief {
  /** Before the request is forwarded; with a fate the manager never gets it. */
  request?(passage: Passage): Fate | undefined | Promise<Fate | undefined>;
  /** When its response is there: the manager has executed the request. */
  answer?(passage: Passage, bytes: Buffer): Fate | undefined | Promise<Fate | undefined>;
}

/** What stands between nodes and their manager, keeps a record of all that passes, and may do harm. */
export interface Balancer {
  readonly url: string;
  /** Oldest first. */
  readonly passages: readonly Passage[];
  /** May be changed at any time. */
  mischief: Mischief;
  /** Connections that are open now. */
  readonly open: number;
}

export const isPoll = ({ method, path }: RawRequest) => method === 'GET' && path.includes('/versions/');
/** A push of a snapshot, or of a delta. */
export const isPush = ({ method, path }: RawRequest) =>
  (method === 'POST' || method === 'PATCH') && path.includes('/versions/');
export const isBeat = ({ method }: RawRequest) => method === 'PUT';
export const isRegistration = ({ method, path }: RawRequest) =>
  method === 'POST' && path.startsWith('/nodes/');

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'host',
  'upgrade',
]);

/** A balancer in front of `targets` for the length of the test: each request goes to the next of them. */
export async function balancer(...targets: [string, ...string[]]): Promise<Balancer> {
  let forwarded = 0;
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  onTestFinished(() => agent.destroy());
  const passages: Passage[] = [];
  const balance: { mischief: Mischief } = { mischief: {} };
  const server = await rawServer((request, socket) => {
    const gone = new AbortController();
    const passage: Passage = { ...request, at: performance.now(), gone: gone.signal };
    passages.push(passage);
    const onClose = () => gone.abort();
    socket.once('close', onClose);
    void pass(passage, socket).finally(() => socket.off('close', onClose));
  });

  const next = () => targets[forwarded++ % targets.length] ?? targets[0];

  async function pass(passage: Passage, socket: Socket): Promise<void> {
    try {
      const fate = (await balance.mischief.request?.(passage)) ?? (await forward(next(), passage, agent));
      if (fate === 'cut') socket.destroy();
      else if (fate !== 'silence') socket.write(fate);
    } catch {
      // The manager or the client is gone.
      socket.destroy();
    }
  }

  async function forward(to: string, passage: Passage, dispatcher: Agent): Promise<Fate> {
    const { method, path, body, gone: signal } = passage;
    const passed = Object.entries(passage.headers).filter(([name]) => !hopByHop.has(name));
    const answer = await send(`${to}${path}`, {
      method,
      headers: Object.fromEntries(passed),
      body: body.length === 0 ? null : body,
      dispatcher,
      signal,
    });
    const content = Buffer.from(await answer.body.arrayBuffer());
    passage.status = answer.statusCode;
    passage.bytes = content.length;
    const bytes = answerOf(answer.statusCode, answer.headers, content);
    return (await balance.mischief.answer?.(passage, bytes)) ?? bytes;
  }

  return {
    url: server.url,
    passages,
    get open() {
      return server.open;
    },
    get mischief() {
      return balance.mischief;
    },
    set mischief(mischief) {
      balance.mischief = mischief;
    },
  };
}

function answerOf(status: number, headers: NodeJS.Dict<string | string[]>, body: Buffer): Buffer {
  const lines = Object.entries(headers)
    .filter(([name]) => !hopByHop.has(name))
    .map(([name, value]) => `${name}: ${[value].flat().join(', ')}\r\n`);
  const length = status === 204 ? '' : `content-length: ${body.length}\r\n`;
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} status\r\n${lines.join('')}${length}\r\n`), body]);
}
