import type { Clock } from '../clock.js';
import { isCfluxError } from '../errors.js';
import { type MetadataForm, vcdiff, vcdiffType, versionTag } from '../protocol/deltas.js';
import { encodeDrops } from '../protocol/drop-orders.js';
import { headers } from '../protocol/headers.js';
import { isRetryable } from '../protocol/http-status.js';
import { paths } from '../protocol/routes.js';
import type { HttpRequest } from './http-exchange.js';
import { expectStatus, type HttpResponse } from './http-response.js';
import { identity } from './identity.js';
import { PatchEndpoints } from './patch-endpoints.js';
import { restate } from './restate.js';
import type { CallOptions, PushedDelta, PushRequest, PushResult } from './transport.js';
import { committedOf, deltaOf, epochMismatchOf, isDelta, snapshotOf } from './version-responses.js';

/** Sends requests; the errors of `read` are the errors of the attempt. */
export interface PushSender {
  readonly endpoint: string;
  exchange(request: Omit<HttpRequest, 'maxBytes'>): Promise<HttpResponse>;
  read<T>(answer: HttpResponse, read: (answer: HttpResponse) => T): T;
}

/** Statuses of a manager that has decided about a pushed delta, or asks for another attempt. */
const decided: ReadonlySet<number> = new Set([200, 409, 412, 429, 503]);

/** Statuses of servers that do not know the request: it was certainly not executed. */
const notExecuted: ReadonlySet<number> = new Set([404, 405, 415]);

/**
 * One attempt of a push: of a delta to a manager that accepts it, otherwise of the snapshot.
 *
 * ```
 * PATCH ── 200, 409, 412 ─────────────→ result
 *   ├───── 429, 503, not sent ────────→ error: the next attempt may be another PATCH
 *   ├───── 408, 500, 502, 504, broken → error: the next attempt is a POST
 *   └───── anything else ─────────────→ POST at once, under the same mutation id; after 4xx or 501 no PATCH for ten minutes
 * ```
 *
 * A PATCH that may have been stored is a lost response for the POST after it (R2, R3).
 */
export class HttpPush {
  readonly #sender: PushSender;
  readonly #clock: Clock;
  readonly patches: PatchEndpoints;
  /** Deltas that got no response, or an unexpected one: their pushes continue as a whole. */
  readonly #failed = new WeakSet<PushedDelta>();

  constructor(sender: PushSender, clock: Clock) {
    this.#sender = sender;
    this.#clock = clock;
    this.patches = new PatchEndpoints(clock);
  }

  async send(request: PushRequest, { signal }: CallOptions): Promise<PushResult> {
    const delta = this.#deltaOf(request);
    if (delta === undefined) return this.#post(request, signal);
    return this.#failed.has(delta)
      ? this.#post(request, signal, 'fallback')
      : this.#patch(request, delta, signal);
  }

  #deltaOf(request: PushRequest): PushedDelta | undefined {
    // The delta may be created when it is read: only if it can be sent.
    if (request.offer !== undefined || !this.patches.accepts(this.#sender.endpoint)) return undefined;
    return request.delta;
  }

  async #patch(
    request: PushRequest,
    delta: PushedDelta,
    signal: AbortSignal | undefined,
  ): Promise<PushResult> {
    const answer = await this.#exchangeDelta(request, delta, signal);
    const { status } = answer;
    try {
      if (decided.has(status) || isRetryable(status)) return this.#read(request, answer, 'delta');
    } catch (error) {
      if (!isBusy(status)) this.#failed.add(delta);
      throw error;
    }
    this.#failed.add(delta);
    if (status === 501 || (status >= 400 && status < 500)) this.patches.rest(answer.endpoint);
    const isCertain = notExecuted.has(status) || answer.headers.get(headers.outcome) === 'refused';
    const post = this.#post(request, signal, 'fallback');
    return isCertain ? post : afterLostAnswer(post);
  }

  async #exchangeDelta(
    request: PushRequest,
    delta: PushedDelta,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse> {
    try {
      return await this.#sender.exchange({
        method: 'PATCH',
        path: paths.version(request.cluster, request.version),
        headers: { ...headersOf(request), 'content-type': vcdiffType, [headers.resultDigest]: delta.digest },
        body: delta.bytes,
        signal,
      });
    } catch (error) {
      // A component on the way may drop what it does not know.
      if (!isCfluxError(error) || error.outcome !== 'notApplied') this.#failed.add(delta);
      throw error;
    }
  }

  async #post(
    request: PushRequest,
    signal: AbortSignal | undefined,
    form: MetadataForm = 'snapshot',
  ): Promise<PushResult> {
    const { offer } = request;
    const answer = await this.#sender.exchange({
      method: 'POST',
      path: paths.version(request.cluster, request.version),
      headers: {
        ...headersOf(request),
        ...(offer === undefined ? {} : { [headers.offer]: `${offer.epoch}/${offer.version}` }),
      },
      // Not compressed: 5 MiB take 20 ms on one machine, and gzip and gunzip would add 53 ms. Compression pays only for the
      // snapshot that the manager sends to every node.
      body: request.snapshot,
      signal,
    });
    return this.#read(request, answer, form);
  }

  #read(request: PushRequest, answer: HttpResponse, form: MetadataForm): PushResult {
    this.patches.note(answer);
    return this.#sender.read(answer, () => {
      if (answer.status === 412) return epochMismatchOf(answer);
      const expected = expectStatus(answer, this.#clock.now(), 200, 409);
      if (expected.status === 200)
        return { ...committedOf(answer), ...(form === 'snapshot' ? {} : { form }) };
      const base = acceptedBase(request);
      const isShort = base !== undefined && isDelta(answer);
      return { kind: 'conflict', ...(isShort ? deltaOf(answer, base) : snapshotOf(answer)) };
    });
  }
}

/** The manager asks for another attempt: it has not rejected the delta. */
const isBusy = (status: number) => status === 429 || status === 503;

/** Returns the tag of the version from which a delta is accepted. */
const acceptedBase = (request: PushRequest): string | undefined =>
  request.acceptsDelta === true ? versionTag(request) : undefined;

function headersOf(request: PushRequest): Record<string, string> {
  const { requester, drops } = request;
  return {
    ...identity(request),
    ...(requester === undefined ? {} : { [headers.requester]: requester }),
    ...(drops === undefined ? {} : { [headers.drops]: encodeDrops(drops) }),
    ...(acceptedBase(request) === undefined ? {} : { [headers.acceptDelta]: vcdiff }),
  };
}

/** Returns the result of a request after one that may have been executed. */
async function afterLostAnswer(pushed: Promise<PushResult>): Promise<PushResult> {
  try {
    const result = await pushed;
    return result.kind === 'committed' ? result : { ...result, answerLost: true };
  } catch (error) {
    throw isCfluxError(error) ? restate(error, { outcome: 'unknown' }) : error;
  }
}
