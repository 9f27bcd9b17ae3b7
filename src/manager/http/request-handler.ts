import type { IncomingMessage, ServerResponse } from 'node:http';
import { CfluxError } from '../../errors.js';
import { parseRoute } from '../../protocol/parse-route.js';
import type { Route } from '../../protocol/routes.js';
import type { Manager } from '../manager.js';
import { accessOf } from './access.js';
import { answerError, type Standing } from './answer.js';
import { dispatch } from './dispatch.js';
import type { ManagerMetrics } from './metrics.js';
import { SnapshotEncodings } from './snapshot-encodings.js';
import type { TokenSource } from './tokens.js';

export interface RequestHandlerOptions {
  readonly manager: Manager;
  readonly tokens: TokenSource | undefined;
  readonly metrics: ManagerMetrics;
}

// Time in which a client that sends more than we take may still read why, in milliseconds.
const linger = 1_000;

/** Speaks the protocol: finds the route of a request, lets it through or not, and has it answered. */
export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  readonly #encodings = new SnapshotEncodings();
  readonly #underWay = new Map<ServerResponse, AbortController>();
  #closed = false;

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
  }

  /** Ends what is held; every answer from now on is the last of its connection. */
  close(): void {
    this.#closed = true;
    for (const [response, ending] of this.#underWay) {
      lastOfItsConnection(response);
      ending.abort(this.#closing());
    }
  }

  /** Answers a request, whatever it is; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const ending = new AbortController();
    this.#underWay.set(response, ending);
    // `close` of the request would come as soon as its body is read.
    response.once('close', () => {
      this.#underWay.delete(response);
      ending.abort(clientGone());
      if (!request.complete) lingerThenCut(request);
    });
    if (this.#closed) {
      lastOfItsConnection(response);
      ending.abort(this.#closing());
    }
    let route: Route | undefined;
    try {
      route = routeOf(request);
      await this.#answer(request, response, route, ending.signal);
    } catch (error) {
      await this.#fail(request, response, route, error);
    }
    this.#options.metrics.count(route, response.statusCode);
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    route: Route | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { manager, tokens, metrics } = this.#options;
    const access = await accessOf(request, route, tokens);
    if (route === undefined) throw noSuchRoute(request);
    const exchange = { manager, encodings: this.#encodings, request, response, signal, ...access };
    await dispatch(exchange, route, metrics);
  }

  async #fail(
    request: IncomingMessage,
    response: ServerResponse,
    route: Route | undefined,
    error: unknown,
  ): Promise<void> {
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const standing = route === undefined ? {} : await this.#standing(route);
    // A short body is read away, a long one is not worth it.
    if (!request.complete && !isShort(request)) lastOfItsConnection(response);
    answerError(request, response, error, standing);
  }

  /** Every answer about a cluster's versions carries its epoch, a refusal too, if the store can tell. */
  async #standing(route: Route): Promise<Standing> {
    if (route.name !== 'push' && route.name !== 'poll') return {};
    try {
      return { epoch: await this.#options.manager.epoch(route.cluster) };
    } catch {
      return {};
    }
  }

  /** Spread, so that not everybody comes back in the same second. */
  #closing(): CfluxError {
    const retryAfter = 1_000 + 4_000 * this.#options.manager.random();
    return new CfluxError('UNAVAILABLE', 'the manager is closing', {
      retryable: true,
      outcome: 'none',
      retryAfter,
    });
  }
}

function routeOf(request: IncomingMessage): Route | undefined {
  try {
    return parseRoute(request.method ?? '', request.url ?? '');
  } catch (cause) {
    throw new CfluxError('BAD_REQUEST', 'the path is not percent-encoded UTF-8', { cause, outcome: 'none' });
  }
}

function lastOfItsConnection(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}

/** A body that nobody reads any more: lets the client read its answer, then cuts it off. */
function lingerThenCut(request: IncomingMessage): void {
  request.resume();
  const cut = () => {
    if (!request.complete) request.destroy();
  };
  setTimeout(cut, linger).unref();
}

const isShort = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) <= 65_536;

const noSuchRoute = ({ method, url }: IncomingMessage) =>
  new CfluxError('NO_SUCH_ROUTE', `no such route: ${method} ${url?.slice(0, 200)}`, { outcome: 'none' });

const clientGone = () => new CfluxError('UNREACHABLE', 'the client went away', { outcome: 'none' });
