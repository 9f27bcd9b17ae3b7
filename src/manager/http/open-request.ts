import type { ServerResponse } from 'node:http';
import type { Abortable } from '../../async/on-abort.js';
import type { TokenSource } from './tokens.js';

/** A request without a response so far, and its cancellation: it is the signal of the waits of its own. */
export class OpenRequest implements Abortable {
  readonly #response: ServerResponse;
  #controller: AbortController | undefined;
  /** Rarely more than one. */
  #listeners: (() => void)[] = [];
  #reason: unknown;
  /** Rejects if the bearer is no longer authorized; undefined if no token was required. */
  readmit: ((bearers: TokenSource) => Promise<unknown>) | undefined;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  get reason(): unknown {
    return this.#reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const place = this.#listeners.indexOf(listener);
    if (place >= 0) this.#listeners.splice(place, 1);
  }

  /** Created on demand, only for requests that need a real one: it would be the most expensive part of a heartbeat, and of a poll. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Ends every wait of this request; the first reason counts. */
  end(reason: unknown): void {
    if (this.aborted) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    for (const listener of this.#listeners.splice(0)) listener();
  }

  /** Prevents the connection from being used again. */
  isLastOfItsConnection(): void {
    if (!this.#response.headersSent) this.#response.setHeader('Connection', 'close');
  }
}
