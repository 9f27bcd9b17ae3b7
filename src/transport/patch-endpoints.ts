import type { Clock } from '../clock.js';
import { vcdiffType } from '../protocol/deltas.js';
import { headers } from '../protocol/headers.js';
import type { HttpResponse } from './http-response.js';

/** Milliseconds for which an endpoint that refused a delta gets snapshots only. */
const rest = 10 * 60_000;

/** Statuses of responses that are certainly a manager's, and state whether it accepts deltas. */
const informative: ReadonlySet<number> = new Set([200, 204, 226, 409, 412]);

interface PatchEndpoint {
  /** Its last response named the media type of deltas in `Accept-Patch` (RFC 5789). */
  accepts: boolean;
  /** By the monotonic clock. */
  restsUntil: number;
}

/** Knows which endpoints accept pushes of deltas. Behind one endpoint there may be several managers: the last response counts. */
export class PatchEndpoints {
  readonly #clock: Clock;
  readonly #endpoints = new Map<string, PatchEndpoint>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  accepts(endpoint: string): boolean {
    const known = this.#endpoints.get(endpoint);
    return known?.accepts === true && this.#clock.monotonic() >= known.restsUntil;
  }

  /** Records what a response to a push or poll states. */
  note({ endpoint, status, headers: received }: HttpResponse): void {
    if (!informative.has(status)) return;
    const types = (received.get(headers.acceptPatch) ?? '').toLowerCase().split(',');
    this.#of(endpoint).accepts = types.some((type) => type.split(';')[0]?.trim() === vcdiffType);
  }

  /** The endpoint refused a delta: it gets snapshots for a while. */
  rest(endpoint: string): void {
    this.#of(endpoint).restsUntil = this.#clock.monotonic() + rest;
  }

  #of(endpoint: string): PatchEndpoint {
    const known = this.#endpoints.get(endpoint);
    if (known !== undefined) return known;
    const added = { accepts: false, restsUntil: Number.NEGATIVE_INFINITY };
    this.#endpoints.set(endpoint, added);
    return added;
  }
}
