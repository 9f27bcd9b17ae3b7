import { managerClosed } from './refusals.js';

/** What a service opens and closes. */
export interface Openable {
  open(): Promise<void>;
  /** Ends waiting calls; no new ones begin. */
  end(): void;
  /** Called after the last storing call has settled. `wasOpen`: it had been opened. */
  close(wasOpen: boolean): Promise<void>;
}

/** Opens at the first call, and closes after the last. */
export class Service {
  readonly #parts: Openable;
  /** Pending calls that store something: closing waits for them. */
  readonly #underWay = new Set<Promise<unknown>>();
  #isOpen = false;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: Openable) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Idempotent; may be retried after a failure. */
  async open(): Promise<void> {
    if (this.#closing !== undefined) throw managerClosed();
    this.#opening ??= this.#parts.open();
    try {
      await this.#opening;
      this.#isOpen = this.#closing === undefined;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  /** Idempotent. */
  close(): Promise<void> {
    this.#isOpen = false;
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Runs a call, after opening. What the call throws rejects, so that it need not be async: a promise of a promise is expensive. */
  serving<T>(call: () => Promise<T>): Promise<T> {
    if (!this.#isOpen) return this.#opened(call);
    try {
      return call();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Runs a call that may store something. */
  storing<T>(call: () => Promise<T>): Promise<T> {
    const result = this.serving(call);
    this.#underWay.add(result);
    const done = () => this.#underWay.delete(result);
    result.then(done, done);
    return result;
  }

  async #opened<T>(call: () => Promise<T>): Promise<T> {
    await this.open();
    if (this.#closing !== undefined) throw managerClosed();
    return call();
  }

  async #close(): Promise<void> {
    this.#parts.end();
    await Promise.allSettled(this.#underWay);
    const wasOpen = await this.#opening?.then(
      () => true,
      () => false,
    );
    await this.#parts.close(wasOpen === true);
  }
}
