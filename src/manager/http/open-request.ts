import type { ServerResponse } from 'node:http';
import type { TokenSource } from './tokens.js';

/** A request without a response so far, and its cancellation. */
export class OpenRequest {
  readonly #response: ServerResponse;
  #controller: AbortController | undefined;
  #reason: unknown;
  /** Rejects if the bearer is no longer authorized; undefined if no token was required. */
  readmit: ((bearers: TokenSource) => Promise<unknown>) | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** Created on demand, only for requests that wait: it would be the most expensive part of a heartbeat. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Ends every wait of this request; the first reason counts. */
  end(reason: unknown): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason);
  }

  /** Prevents the connection from being used again. */
  isLastOfItsConnection(): void {
    if (!this.#response.headersSent) this.#response.setHeader('Connection', 'close');
  }
}
