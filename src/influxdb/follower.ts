import { type Backoff, backoffDelay } from '../async/backoff.js';
import { withLinkedSignal } from '../async/linked-signal.js';
import { pause, sleep } from '../async/sleep.js';
import type { Clock } from '../clock.js';
import { isCfluxError } from '../errors.js';
import type { MetaData } from '../meta/records.js';
import type { Random } from '../random.js';
import type { ConvergenceOptions } from './converge/converger.js';
import type { Origin } from './ledger/ledger.js';
import type { MetadataSource } from './metadata-source.js';

/** Short enough that an available server is in sync again within seconds. */
const backoff: Backoff = { first: 250, max: 5_000 };
/** Milliseconds that metadata must be the newest before its drops are made. */
const hesitation = 1_000;
/** Changes of the cluster within this many milliseconds make one convergence. */
const settlingTime = 50;
/** Milliseconds until a server that has the newest metadata already is read: a series of statements at a gateway makes one convergence. */
const confirmingTime = 1_000;

export interface FollowerParts {
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds between two convergences without a change. */
  readonly interval: number;
  /** Converges the server. */
  readonly converge: (
    data: MetaData,
    origin: Origin,
    caution: Pick<ConvergenceOptions, 'isCurrent' | 'hesitate'>,
  ) => Promise<void>;
  /** Records durably that the metadata belongs to another history. */
  readonly forget: () => Promise<void>;
  /** Resolves, after the change under way, with whether the server got the newest metadata by changes that were made alone. */
  readonly isApplied: () => Promise<boolean>;
  /** Called after each failure; convergence is retried after `retryIn` milliseconds. */
  readonly onFailure: (error: unknown, failures: number, retryIn: number) => void;
}

/**
 * Follows a source by its state, not by single changes: any change triggers a convergence. A change during a convergence triggers
 * another one; missed changes are found at the next interval.
 *
 *     wait for a change or the interval → settle → converge → wait …
 *                                            └─ failed → pause, longer each time ─┘
 */
export class Follower {
  readonly #source: MetadataSource;
  readonly #parts: FollowerParts;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #early = new AbortController();
  #changes = 0;
  #hasBegun = false;
  #isOfNewHistory = false;
  #isUrgent = false;
  #wake: () => void = () => {};

  constructor(source: MetadataSource, parts: FollowerParts) {
    this.#source = source;
    this.#parts = parts;
    source.on('synced', this.poke);
    source.on('pushed', this.poke);
    source.on('stateChange', this.#onStateChange);
    source.on('epochChanged', this.#onEpochChanged);
    source.on('replaced', this.#onReplaced);
    this.#running = this.#run();
  }

  /** Triggers a convergence, as after a change. */
  readonly poke = (): void => {
    this.#changes += 1;
    this.#wake();
  };

  /** Triggers a convergence at once, also within the pause after a failure. */
  hurry(): void {
    this.#isUrgent = true;
    this.#early.abort();
    this.poke();
  }

  /** Resolves when the convergence under way has ended. */
  async close(): Promise<void> {
    this.#source.off('synced', this.poke);
    this.#source.off('pushed', this.poke);
    this.#source.off('stateChange', this.#onStateChange);
    this.#source.off('epochChanged', this.#onEpochChanged);
    this.#source.off('replaced', this.#onReplaced);
    this.#stop.abort();
    this.#wake();
    await this.#running;
  }

  /** A restarted client whose version is still the newest emits no other event when it joins. */
  readonly #onStateChange = (): void => {
    if (!this.#hasBegun) this.poke();
  };

  readonly #onEpochChanged = (): void => {
    this.#isOfNewHistory = true;
    this.poke();
  };

  readonly #onReplaced = ({ reason }: { readonly reason: string }): void => {
    // The operator adopted the metadata of another cluster.
    if (reason === 'adopted') this.#isOfNewHistory = true;
    this.poke();
  };

  async #run(): Promise<void> {
    const { interval, random, onFailure } = this.#parts;
    const isStopped = () => this.#stop.signal.aborted;
    let failures = 0;
    while (!isStopped()) {
      const seen = this.#changes;
      this.#isUrgent = false;
      try {
        await this.#convergeOnce(seen);
        failures = 0;
      } catch (error) {
        if (isStopped()) return;
        failures += 1;
        const asked = isCfluxError(error) ? (error.retryAfter ?? 0) : 0;
        const wait = Math.max(backoffDelay(backoff, failures, random), Math.min(asked, backoff.max));
        onFailure(error, failures, wait);
        await this.#pauseAfterFailure(wait);
        continue;
      }
      await this.#untilChanged(seen, interval);
      await this.#pause(settlingTime);
      if (this.#changes !== seen) await this.#whileApplied();
    }
  }

  /** Resolves when the server lacks the newest metadata, or after a while. */
  async #whileApplied(): Promise<void> {
    const { clock, isApplied } = this.#parts;
    const end = clock.monotonic() + confirmingTime;
    while ((await isApplied()) && !this.#isUrgent && !this.#stop.signal.aborted) {
      const left = end - clock.monotonic();
      if (left <= 0) return;
      await this.#untilChanged(this.#changes, left);
      // A change of this node is made on the server meanwhile.
      await this.#pause(settlingTime);
    }
  }

  async #convergeOnce(seen: number): Promise<void> {
    if (this.#isOfNewHistory) {
      await this.#parts.forget();
      this.#isOfNewHistory = false;
    }
    const { version, epoch } = this.#source.status;
    const data = await this.#source.data();
    // A client's metadata may change shortly before its status. Both must belong to one history; either change triggers another
    // convergence.
    await sleep(this.#parts.clock, 0, this.#stop.signal);
    const after = this.#source.status;
    if (version === 0 || after.version !== version || after.epoch !== epoch) return;
    const origin = { clusterId: data.clusterId, epoch, version };
    this.#hasBegun = true;
    await this.#parts.converge(data, origin, {
      isCurrent: () => this.#changes === seen && !this.#stop.signal.aborted,
      hesitate: () => this.#pause(hesitation),
    });
  }

  /** Resolves when something changed since `seen`, after `limit` milliseconds, or at the end. */
  #untilChanged(seen: number, limit: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(limit, () => this.#wake());
      this.#wake = () => {
        cancel();
        this.#wake = () => {};
        resolve();
      };
      if (this.#changes !== seen || this.#stop.signal.aborted) this.#wake();
    });
  }

  /** Milliseconds, or until the server is available again, or until the end. */
  async #pauseAfterFailure(ms: number): Promise<void> {
    await withLinkedSignal([this.#stop.signal, this.#early.signal], (linked) =>
      pause(this.#parts.clock, ms, linked),
    );
    if (this.#early.signal.aborted) this.#early = new AbortController();
  }

  /** Milliseconds, or until the end. */
  #pause(ms: number): Promise<void> {
    return pause(this.#parts.clock, ms, this.#stop.signal);
  }
}
