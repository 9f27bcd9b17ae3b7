import { onAbort } from '../../async/on-abort.js';
import type { Subscribable } from '../../event-hub.js';
import type { CfluxEvents, MetadataChange } from './events.js';

/** Changes that are kept for a slow consumer. */
const maxWaiting = 1_000;

/**
 * The changes of the metadata from the call on, for `for await`. Ends when the client closes or the consumer leaves the loop; rejects with
 * the signal's reason when `signal` aborts. For a slow consumer the newest of too many changes are merged.
 */
export class ChangeStream implements AsyncIterableIterator<MetadataChange> {
  readonly #hub: Subscribable<CfluxEvents>;
  readonly #signal: AbortSignal | undefined;
  readonly #unlink: () => void;
  #waiting: MetadataChange[] = [];
  #isEnded = false;
  #wake: (() => void) | undefined;

  constructor(hub: Subscribable<CfluxEvents>, isClosed: boolean, signal: AbortSignal | undefined) {
    this.#hub = hub;
    this.#signal = signal;
    hub.on('changed', this.#add);
    hub.on('closed', this.#end);
    this.#unlink = onAbort(signal, () => this.#end());
    if (isClosed) this.#end();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<MetadataChange, undefined>> {
    for (;;) {
      this.#signal?.throwIfAborted();
      const change = this.#waiting.shift();
      if (change !== undefined) return { done: false, value: change };
      if (this.#isEnded) return { done: true, value: undefined };
      const earlier = this.#wake;
      await new Promise<void>((resolve) => {
        // Calls that wait at the same time are woken together, and continue in their order.
        this.#wake = () => {
          earlier?.();
          resolve();
        };
      });
    }
  }

  async return(): Promise<IteratorResult<MetadataChange, undefined>> {
    this.#waiting = [];
    this.#end();
    return { done: true, value: undefined };
  }

  readonly #add = (change: MetadataChange): void => {
    const last = this.#waiting.length < maxWaiting ? undefined : this.#waiting.pop();
    this.#waiting.push(last === undefined ? change : merged(last, change));
    this.#notify();
  };

  readonly #end = (): void => {
    this.#isEnded = true;
    this.#unlink?.();
    this.#hub.off('changed', this.#add);
    this.#hub.off('closed', this.#end);
    this.#notify();
  };

  #notify(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}

const merged = (earlier: MetadataChange, later: MetadataChange): MetadataChange => ({
  version: later.version,
  previousVersion: earlier.previousVersion,
  origin: earlier.origin === 'remote' ? 'remote' : later.origin,
});
