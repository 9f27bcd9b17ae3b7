import type { IncomingMessage, ServerResponse } from 'node:http';
import { uniformDelay } from '../../async/jitter.js';
import { CfluxError } from '../../errors.js';
import type { BrowserGuard } from '../../protocol/browser-guard.js';
import { ensureClose } from '../../protocol/pipelined-responses.js';
import type { Route } from '../../protocol/routes.js';
import type { Manager } from '../manager.js';
import { type Access, accessOf, openAccess } from './access.js';
import { BodyBytes } from './body-bytes.js';
import { ClientConnections } from './client-connections.js';
import { DeltaEncodings } from './delta-encodings.js';
import { dispatch } from './dispatch.js';
import type { HistoryHeaders } from './history-headers.js';
import { isLegacyPoll } from './legacy-request.js';
import type { ManagerMetrics } from './metrics.js';
import { OpenRequest } from './open-request.js';
import { PushCounts } from './push-counts.js';
import type { ReachedTimes } from './reached-times.js';
import { RefusedPolls } from './refused-polls.js';
import { RememberedRoutes } from './remembered-routes.js';
import { hasBody } from './request-body.js';
import { protectPage } from './response-protection.js';
import { sendError } from './responses.js';
import { SentBodies } from './sent-bodies.js';
import { SnapshotEncodings } from './snapshot-encodings.js';
import { findingOnce, type TokenSource } from './tokens.js';
import type { UiFiles } from './ui-files.js';

export interface RequestHandlerOptions {
  readonly manager: Manager;
  readonly tokens: TokenSource | undefined;
  readonly guard: BrowserGuard;
  readonly metrics: ManagerMetrics;
  readonly ui?: UiFiles | undefined;
  readonly reached?: ReachedTimes | undefined;
}

// Milliseconds for which a client that sends more than is accepted may still read the response.
const linger = 1_000;

/** Handles the requests of the protocol: parses the route, authorizes the request and dispatches it. */
export class RequestHandler {
  readonly #options: RequestHandlerOptions;
  readonly #encodings = new SnapshotEncodings();
  readonly #deltas = new DeltaEncodings(this.#encodings);
  readonly #received: BodyBytes;
  readonly #sent: SentBodies;
  readonly #pushes: PushCounts;
  readonly #connections = new ClientConnections();
  readonly #refusedPolls: RefusedPolls;
  readonly #routes = new RememberedRoutes();
  readonly #open = new Set<OpenRequest>();
  #closed = false;

  constructor(options: RequestHandlerOptions) {
    this.#options = options;
    const { limits, random, clock } = options.manager;
    const { bodyBytes, snapshotBytes, heldPushes } = limits;
    this.#received = new BodyBytes(bodyBytes, snapshotBytes, random);
    this.#sent = new SentBodies(new BodyBytes(bodyBytes, snapshotBytes, random), { clock, random });
    this.#pushes = new PushCounts(heldPushes);
    this.#refusedPolls = new RefusedPolls(clock);
  }

  /** Ends held requests; from now on every response is the last of its connection. */
  close(): void {
    this.#closed = true;
    for (const open of this.#open) this.#endWith(open);
  }

  /** The tokens changed: ends every waiting request that would no longer be authorized. */
  recheckBearers(): void {
    const { tokens } = this.#options;
    if (tokens === undefined) return;
    const bearers = findingOnce(tokens);
    for (const open of this.#open) open.readmit?.(bearers).catch((reason: unknown) => open.end(reason));
  }

  /** Responds to any request; rejects only if not even the error can be written. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> | void {
    const open = new OpenRequest(response);
    if (this.#closed) this.#endWith(open);
    let route: Route | undefined;
    const answered = () => this.#options.metrics.count(route, response.statusCode);
    const failed = async (error: unknown) => {
      if (route?.name === 'poll' && isLegacyPoll(request)) await this.#holdRefused(request, open);
      this.#fail(request, response, route, error);
      answered();
    };
    let settled: Promise<void> | undefined;
    try {
      protectPage(request, response);
      const refusal = this.#options.guard.refusal(request);
      if (refusal !== undefined) {
        // No request of such a client will do better, and refusing masses of them on one connection takes all of the processor (R24).
        response.shouldKeepAlive = false;
        throw new CfluxError('FORBIDDEN', refusal, { outcome: 'notApplied' });
      }
      route = this.#routes.of(request);
      const answering = this.#answer(request, response, route, open);
      if (answering === undefined) answered();
      else settled = answering.then(answered, failed);
      // A request without a body is complete once its response is sent: most requests are heartbeats.
      if (answering === undefined && !hasBody(request)) return;
    } catch (error) {
      settled = failed(error);
    }
    this.#watch(request, response, open);
    return settled;
  }

  /** Until the connection is free again: notices when the client disconnects, and when this handler closes. */
  #watch(request: IncomingMessage, response: ServerResponse, open: OpenRequest): void {
    this.#open.add(open);
    // `close` of the request would be emitted as soon as its body is read.
    ensureClose(request.socket, response, () => {
      this.#open.delete(open);
      if (!response.writableFinished) open.end(clientGone());
      if (!request.complete) lingerThenCut(request);
    });
  }

  /** Returns a promise only if there is something to wait for: most requests are heartbeats. */
  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    route: Route | undefined,
    open: OpenRequest,
  ): Promise<void> | void {
    const { manager, tokens, metrics, ui, reached } = this.#options;
    const answer = (access: Access) => {
      if (route === undefined) throw noSuchRoute(request);
      const exchange = {
        manager,
        encodings: this.#encodings,
        deltas: this.#deltas,
        received: this.#received,
        sent: this.#sent,
        pushes: this.#pushes,
        forms: metrics.forms,
        ui,
        reached,
        connections: this.#connections,
        request,
        response,
        open,
        access,
        tokens,
      };
      return dispatch(exchange, route, metrics);
    };
    if (tokens === undefined) return answer(openAccess(request));
    open.readmit = (bearers) => accessOf(request, route, bearers);
    return accessOf(request, route, tokens).then(answer);
  }

  /** A legacy client polls again at once after any error. */
  async #holdRefused(request: IncomingMessage, open: OpenRequest): Promise<void> {
    // It is refused already: a change of the tokens does not end it earlier.
    open.readmit = undefined;
    await this.#refusedPolls.hold(request, open);
  }

  #fail(request: IncomingMessage, response: ServerResponse, route: Route | undefined, error: unknown): void {
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    sendError(request, response, error, this.#standing(route));
  }

  /** Refusals of pushes and polls carry the epoch too, if it is cached: the store may be what failed, so it is not read. */
  #standing(route: Route | undefined): HistoryHeaders {
    if (route?.name !== 'push' && route?.name !== 'poll' && route?.name !== 'patch') return {};
    return { epoch: this.#options.manager.knownEpoch(route.cluster), acceptsPatch: true };
  }

  /** The retry delay is spread, so that clients do not all return in the same second. */
  #endWith(open: OpenRequest): void {
    const retryAfter = uniformDelay(1_000, 5_000, this.#options.manager.random);
    open.isLastOfItsConnection();
    open.end(
      new CfluxError('UNAVAILABLE', 'the manager is closing', {
        retryable: true,
        outcome: 'notApplied',
        retryAfter,
      }),
    );
  }
}

/**
 * Discards the rest of a body that is no longer needed: lets the client read its response, then cuts the connection. `Connection: close`
 * would not do: Node then closes at once, and a connection that is closed with unread bytes is reset, which loses the response.
 */
function lingerThenCut(request: IncomingMessage): void {
  request.resume();
  const cut = () => {
    if (!request.complete) request.destroy();
  };
  setTimeout(cut, linger).unref();
}

const noSuchRoute = ({ method, url }: IncomingMessage) =>
  new CfluxError('NO_SUCH_ROUTE', `no such route: ${method} ${url?.slice(0, 200)}`, {
    outcome: 'notApplied',
  });

const clientGone = () => new CfluxError('UNREACHABLE', 'the client disconnected', { outcome: 'notApplied' });
