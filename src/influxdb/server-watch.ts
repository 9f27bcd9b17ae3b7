import { withLinkedSignal } from '../async/linked-signal.js';
import { pause } from '../async/sleep.js';
import type { Clock } from '../clock.js';
import { CfluxError } from '../errors.js';

/**
 * Milliseconds between two responses of a server that is available. With the timeout of a probe, a server that hangs is noticed within
 * four seconds, and reported within five.
 */
const probeInterval = 2_000;

/** Milliseconds between two probes of a server that is not available. */
const retryInterval = 1_000;

export interface ServerWatchParts {
  readonly clock: Clock;
  /** Rejects with the reason if no usable server responds; limits its own duration. */
  readonly probe: (signal: AbortSignal) => Promise<void>;
  /** Returns when the server last gave a valid response to any request, by the monotonic clock. */
  readonly respondedAt: () => number;
  /** Called once when the server becomes unavailable. */
  readonly onDown: (error: CfluxError) => void;
  /** Called once when the server is available again; `since` is when the successful probe began. */
  readonly onUp: (since: number) => void;
}

/**
 * Watches whether a server is available: probes it at once, and then whenever it gave no response for an interval. Other responses make
 * a probe unnecessary while the server is available; only a probe ends an outage. Probes never overlap.
 */
export class ServerWatch {
  readonly #parts: ServerWatchParts;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #early = new AbortController();
  #isDown = false;
  #probedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: ServerWatchParts) {
    this.#parts = parts;
    this.#running = this.#run();
  }

  /** Whether the last probe failed. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** Probes at once, unless a probe is under way; for example because another request got a response during an outage. */
  hurry(): void {
    this.#early.abort();
  }

  /** Ends the probe under way. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stop;
    let isDue = true;
    while (!signal.aborted) {
      if (isDue) {
        this.#early = new AbortController();
        await this.#probe();
      }
      const early = this.#early.signal;
      const wait = this.isDown ? retryInterval : Math.max(probeInterval - this.#quietFor(), 0);
      await withLinkedSignal([signal, early], (linked) => pause(clock, wait, linked));
      isDue = early.aborted || this.isDown || this.#quietFor() >= probeInterval;
    }
  }

  /** Returns the milliseconds since the last valid response. */
  #quietFor(): number {
    return this.#parts.clock.monotonic() - Math.max(this.#probedAt, this.#parts.respondedAt());
  }

  async #probe(): Promise<void> {
    const { clock, probe, onDown, onUp } = this.#parts;
    const since = clock.monotonic();
    try {
      await probe(this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      const wasDown = this.isDown;
      this.#isDown = false;
      this.#probedAt = clock.monotonic();
      if (wasDown) onUp(since);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      const wasDown = this.isDown;
      this.#isDown = true;
      if (!wasDown) onDown(CfluxError.from(error));
    }
  }
}
