import type { ServerResponse } from 'node:http';
import type { Clock } from '../../clock.js';
import type { Random } from '../../random.js';
import { TimeSlice } from '../time-slice.js';
import type { BodyBytes, BodyUse } from './body-bytes.js';
import { tooManyBytes } from './body-bytes.js';

/** Bytes written at a time: TLS would encrypt everything at once, and keep it for a slow reader. */
const sliceSize = 64 * 1024;
/** Milliseconds after which the readers of a body may be cut off for another body of the cluster. */
const patience = 5_000;

/** A body that is being sent: one buffer, counted once however many responses send it. */
interface Sending {
  readonly cluster: string | undefined;
  readonly use: BodyUse;
  readonly responses: Set<ServerResponse>;
  /** When its first response began. */
  readonly since: number;
}

/** How a body counts. */
export interface SentAs {
  /** Undefined if it belongs to no single cluster. */
  readonly cluster?: string | undefined;
  /** It may displace an older body of the cluster. Default: false. */
  readonly isNewest?: boolean;
  readonly status: number;
  readonly headers: string[];
}

/**
 * Sends the bodies of responses at the pace of their readers, and limits the bytes of all bodies being sent (R24). Slow readers cannot
 * prevent a cluster from sending its newer versions: when there is no room, the readers of its oldest body are cut off.
 */
export class SentBodies {
  readonly #bytes: BodyBytes;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Oldest first. */
  readonly #sending = new Map<Uint8Array, Sending>();

  constructor(bytes: BodyBytes, { clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#bytes = bytes;
    this.#clock = clock;
    this.#random = random;
  }

  /** @throws `UNAVAILABLE`: there is no room for the body; nothing was sent. */
  send(response: ServerResponse, body: Uint8Array, sentAs: SentAs): void {
    // The client has disconnected: the response does not emit `close` again, so the room for its body would never be released.
    if (response.destroyed) return;
    const { status, headers } = sentAs;
    if (body.byteLength <= sliceSize) {
      response.writeHead(status, headers);
      response.end(body);
      return;
    }
    this.#begin(response, body, sentAs);
    response.writeHead(status, headers);
    void writeSlices(response, body);
  }

  /** Lasts until the response is closed, for any reason. */
  #begin(response: ServerResponse, body: Uint8Array, { cluster, isNewest = false }: SentAs): void {
    let sending = this.#sending.get(body);
    if (sending === undefined) {
      const since = this.#clock.monotonic();
      sending = { cluster, use: this.#bytes.open({ cluster }), responses: new Set(), since };
      while (!sending.use.tryTake(body.byteLength)) {
        if (!(isNewest && this.#cutOldest(cluster))) throw tooManyBytes(this.#random);
      }
      this.#sending.set(body, sending);
    }
    const { responses } = sending;
    responses.add(response);
    response.once('close', () => {
      responses.delete(response);
      if (responses.size === 0) this.#end(body);
    });
  }

  #end(body: Uint8Array): void {
    this.#sending.get(body)?.use.release();
    this.#sending.delete(body);
  }

  /** Cuts off the readers of the cluster's oldest body, if they had enough time. */
  #cutOldest(cluster: string | undefined): boolean {
    const now = this.#clock.monotonic();
    for (const [body, sending] of this.#sending) {
      if (sending.cluster !== cluster || now - sending.since < patience) continue;
      this.#end(body);
      for (const response of sending.responses) response.destroy();
      return true;
    }
    return false;
  }
}

async function writeSlices(response: ServerResponse, body: Uint8Array): Promise<void> {
  const slice = new TimeSlice();
  for (let at = 0; at < body.byteLength; at += sliceSize) {
    if (response.destroyed) return;
    if (!response.write(body.subarray(at, at + sliceSize))) await drainOrClose(response);
    // A fast reader drains at once, in the same turn of the event loop.
    await slice.rest();
  }
  if (!response.destroyed) response.end();
}

function drainOrClose(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
