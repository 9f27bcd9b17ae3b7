import type { Clock } from '../../../src/clock.js';
import type { Transport } from '../../../src/transport/transport.js';

/** Milliseconds between two of its pushes. */
const pause = 100;

/**
 * A sick node that pushes repeatedly from the version that was the newest when it fell ill, whatever the response
 * (R8, R26). It pushes what it found there, so that the history gains nothing by it.
 */
export class SickNeighbour {
  readonly #transport: Transport;
  readonly #clock: Clock;
  /** Absent if it sends no node id. */
  readonly #nodeId: number | undefined;
  readonly #name: string;
  #base:
    | { readonly version: number; readonly epoch?: string | undefined; readonly snapshot: Uint8Array }
    | undefined;
  #pushes = 0;
  #isOver = false;
  #cancel: () => void = () => undefined;

  constructor(transport: Transport, clock: Clock, name: string, nodeId: number | undefined) {
    this.#transport = transport;
    this.#clock = clock;
    this.#name = name;
    this.#nodeId = nodeId;
  }

  start(): void {
    void this.#push()
      .catch(() => undefined)
      .then(() => {
        if (!this.#isOver) this.#cancel = this.#clock.after(pause, () => this.start());
      });
  }

  stop(): void {
    this.#isOver = true;
    this.#cancel();
  }

  async #push(): Promise<void> {
    const cluster = 'world';
    if (this.#base === undefined) {
      const newest = await this.#transport.poll({ cluster, version: 0, wait: 0 });
      if (newest.kind !== 'snapshot') return;
      this.#base = newest;
    }
    const { version, epoch, snapshot } = this.#base;
    const mutation = `${this.#name}-${this.#pushes++}`;
    await this.#transport.push({ cluster, version, epoch, snapshot, mutation, nodeId: this.#nodeId });
  }
}
