import type { CertificateInfo } from '../certificates.js';
import { type Clock, systemClock } from '../clock.js';
import { type CfluxError, isCfluxError } from '../errors.js';
import { vcdiff, versionTag } from '../protocol/deltas.js';
import { headers } from '../protocol/headers.js';
import type { NodeProgress } from '../protocol/node-progress.js';
import { writeReport } from '../protocol/node-report.js';
import type { NodeInfo, Registration } from '../protocol/nodes.js';
import { readNodes, readRegistration } from '../protocol/response-bodies.js';
import { paths } from '../protocol/routes.js';
import {
  readWaitResult,
  type WaitForNodesRequest,
  type WaitForNodesResult,
  waitQuery,
} from '../protocol/waiting-for-nodes.js';
import { HttpExchange, type HttpRequest } from './http-exchange.js';
import type { HttpTransportOptions } from './http-options.js';
import { HttpPush } from './http-push.js';
import { expectStatus, type HttpResponse, textOf } from './http-response.js';
import { identity } from './identity.js';
import { restate } from './restate.js';
import type {
  CallOptions,
  HeartbeatRequest,
  NodeRequest,
  PollRequest,
  PollResult,
  PushRequest,
  PushResult,
  RegisterRequest,
  ReportRequest,
  Transport,
} from './transport.js';
import { deltaOf, epochMismatchOf, snapshotOf, unchangedOf } from './version-responses.js';

/** A 504 after this share of the wait means unchanged: legacy managers and proxies respond so. */
const fullHold = 0.9;

/** The published API over HTTP, one attempt per call; the caller handles retries and deadlines. */
export class HttpAttempts implements Transport {
  readonly #exchange: HttpExchange;
  readonly #push: HttpPush;
  readonly #clock: Clock;
  readonly #maxSnapshotBytes: number;
  readonly #maxAnswerBytes: number;

  constructor(options: HttpTransportOptions) {
    this.#exchange = new HttpExchange(options);
    this.#clock = options.clock ?? systemClock;
    this.#maxSnapshotBytes = options.maxSnapshotBytes ?? 256 * 2 ** 20;
    this.#maxAnswerBytes = options.maxAnswerBytes ?? 16 * 2 ** 20;
    const [exchange, maxBytes] = [this.#exchange, this.#maxSnapshotBytes];
    const sender = {
      get endpoint() {
        return exchange.endpoint;
      },
      exchange: (request: Omit<HttpRequest, 'maxBytes'>) => exchange.send({ ...request, maxBytes }),
      read: <T>(answer: HttpResponse, read: (answer: HttpResponse) => T) => this.#read(answer, read),
    };
    this.#push = new HttpPush(sender, this.#clock);
  }

  get endpoint(): string {
    return this.#exchange.endpoint;
  }

  /** How many endpoints take turns. */
  get endpoints(): number {
    return this.#exchange.endpoints;
  }

  get certificates(): readonly CertificateInfo[] {
    return this.#exchange.certificates;
  }

  async register(
    { cluster, node, instance }: RegisterRequest,
    { signal }: CallOptions = {},
  ): Promise<Registration> {
    return this.send(
      {
        method: 'POST',
        path: paths.register(cluster),
        headers: {
          'content-type': 'application/json',
          ...(instance === undefined ? {} : { [headers.instance]: instance }),
        },
        body: JSON.stringify(node),
        signal,
      },
      (answer) => readRegistration(textOf(this.#expect(answer, 200))),
    );
  }

  async heartbeat(request: HeartbeatRequest, { signal }: CallOptions = {}): Promise<void> {
    await this.send(
      {
        method: 'PUT',
        path: paths.node(request.cluster, request.nodeId),
        headers: {
          ...progress(request.progress ?? {}),
          ...(request.leaving ? { [headers.leaving]: 'true' } : {}),
          ...(request.node ? { 'content-type': 'application/json' } : {}),
        },
        ...(request.node ? { body: JSON.stringify(request.node) } : {}),
        signal,
      },
      (answer) => this.#expect(answer, 200, 204),
    );
  }

  async report({ cluster, nodeId, report }: ReportRequest, { signal }: CallOptions = {}): Promise<void> {
    await this.send(
      {
        method: 'PUT',
        path: paths.report(cluster, nodeId),
        headers: { 'content-type': 'application/json' },
        body: writeReport(report),
        signal,
      },
      (answer) => this.#expect(answer, 200, 204),
    );
  }

  async deregister({ cluster, nodeId }: NodeRequest, { signal }: CallOptions = {}): Promise<void> {
    await this.send({ method: 'DELETE', path: paths.node(cluster, nodeId), signal }, (answer) =>
      this.#expect(answer, 200, 204),
    );
  }

  async nodes(
    { cluster }: { readonly cluster: string },
    { signal }: CallOptions = {},
  ): Promise<readonly NodeInfo[]> {
    return this.send({ method: 'GET', path: paths.nodes(cluster), signal }, (answer) =>
      readNodes(textOf(this.#expect(answer, 200))),
    );
  }

  async waitForNodes(
    request: WaitForNodesRequest,
    { signal }: CallOptions = {},
  ): Promise<WaitForNodesResult> {
    const { cluster, version, epoch } = request;
    return this.send(
      {
        method: 'GET',
        path: `${paths.nodes(cluster)}?${waitQuery(request)}`,
        headers: epoch === undefined ? {} : { [headers.epoch]: epoch },
        signal,
      },
      (answer) => readWaitResult(textOf(this.#expect(answer, 200)), version),
    );
  }

  async push(request: PushRequest, options: CallOptions = {}): Promise<PushResult> {
    return this.#push.send(request, options);
  }

  async poll(request: PollRequest, { signal }: CallOptions = {}): Promise<PollResult> {
    const { wait } = request;
    const begin = this.#clock.monotonic();
    const base = request.acceptsDelta === true ? versionTag(request) : undefined;
    return this.send<PollResult>(
      {
        method: 'GET',
        path: paths.version(request.cluster, request.version),
        headers: {
          ...identity(request),
          [headers.prefer]: `wait=${Math.ceil(wait / 1000)}`,
          ...(base === undefined ? {} : { [headers.acceptDelta]: vcdiff, [headers.ifNoneMatch]: base }),
        },
        maxBytes: this.#maxSnapshotBytes,
        signal,
      },
      (answer) => {
        const { status } = answer;
        this.#push.patches.note(answer);
        const wasHeld = wait > 0 && this.#clock.monotonic() - begin >= wait * fullHold;
        if (status === 412) return epochMismatchOf(answer);
        if (status === 204 || status === 304 || (status === 504 && wasHeld)) {
          return unchangedOf(answer, this.#clock.now());
        }
        if (status === 226 && base !== undefined) return { kind: 'delta', ...deltaOf(answer, base) };
        return { kind: 'snapshot', ...snapshotOf(this.#expect(answer, 200)) };
      },
    );
  }

  close(): Promise<void> {
    return this.#exchange.close();
  }

  #advice({ code }: CfluxError): string {
    if (code !== 'UNAUTHORIZED') return '';
    return this.#exchange.hasToken
      ? '; check the token (--token-file, CFLUX_TOKEN)'
      : '; no token was sent: set `token` (--token-file, CFLUX_TOKEN)';
  }

  #expect(answer: HttpResponse, ...statuses: readonly number[]): HttpResponse {
    return expectStatus(answer, this.#clock.now(), ...statuses);
  }

  /** Sends a request and parses the response with `read`. */
  async send<T>(
    request: Omit<HttpRequest, 'maxBytes'> & { readonly maxBytes?: number },
    read: (answer: HttpResponse) => T,
  ): Promise<T> {
    return this.#read(await this.#exchange.send({ maxBytes: this.#maxAnswerBytes, ...request }), read);
  }

  /** Parses a response with `read`. Errors name the endpoint; switches endpoints if another may succeed. */
  #read<T>(answer: HttpResponse, read: (answer: HttpResponse) => T): T {
    try {
      return read(answer);
    } catch (error) {
      if (!isCfluxError(error)) throw error;
      const isForeign = error.code === 'NO_SUCH_ROUTE';
      if (error.retryable || isForeign) this.#exchange.leave(answer.endpoint);
      throw restate(error, {
        message: `${answer.endpoint}: ${error.message}${this.#advice(error)}`,
        // Another program than a manager is at this endpoint, not at all of them.
        retryable: error.retryable || (isForeign && this.endpoints > 1),
      });
    }
  }
}

/** Headers with the progress of a node, for a heartbeat. */
function progress({ instance, epoch, version, applied }: NodeProgress): Record<string, string> {
  return {
    ...(instance === undefined ? {} : { [headers.instance]: instance }),
    ...(epoch === undefined ? {} : { [headers.epoch]: epoch }),
    ...(version === undefined ? {} : { [headers.held]: String(version) }),
    ...(applied === undefined ? {} : { [headers.applied]: String(applied) }),
  };
}
