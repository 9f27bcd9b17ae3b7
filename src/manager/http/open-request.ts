import type { ServerResponse } from 'node:http';
import type { TokenSource } from './tokens.js';

/** A request that is not answered yet, and what ends the wait for its answer. */
export class OpenRequest {
  readonly #response: ServerResponse;
  #controller: AbortController | undefined;
  #reason: unknown;
  /** Rejects if the bearer is no longer let through; absent: no token was asked for. */
  readmit: ((bearers: TokenSource) => Promise<unknown>) | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** Made for those that wait for something: of all parts of a heartbeat it would be the dearest. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Nobody shall wait any longer; the first reason counts. */
  end(reason: unknown): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }

  /** The connection shall not be used again. */
  isLastOfItsConnection(): void {
    if (!this.#response.headersSent) this.#response.setHeader('Connection', 'close');
  }
}
