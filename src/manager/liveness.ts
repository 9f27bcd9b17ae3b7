import type { Clock } from '../clock.js';

interface Life {
  /** Monotonic time until which the node is alive. */
  until: number;
}

/**
 * Which nodes are alive, by their heartbeats in this process (R23). All times are monotonic.
 *
 * A process that did not run (stopped, swapped out, its event loop blocked) did not hear heartbeats either. A tick at a
 * tenth of the time to live notices that: where one comes far too late, every node that was alive at the last one lives
 * for one full time to live from now.
 */
export class Liveness {
  readonly #clock: Clock;
  readonly #ttl: number;
  readonly #lives = new Map<string, Life>();
  #lastLook: number;
  #cancelTick: (() => void) | undefined;

  constructor(clock: Clock, ttl: number) {
    this.#clock = clock;
    this.#ttl = ttl;
    this.#lastLook = clock.monotonic();
  }

  beat(node: string): void {
    const now = this.#look();
    const life = this.#lives.get(node);
    if (life === undefined) this.#lives.set(node, { until: now + this.#ttl });
    else life.until = now + this.#ttl;
    this.#armTick();
  }

  /** Not alive from now on, until the next beat. */
  end(node: string): void {
    this.#lives.delete(node);
  }

  isAlive(node: string): boolean {
    const now = this.#look();
    const life = this.#lives.get(node);
    return life !== undefined && life.until > now;
  }

  close(): void {
    this.#cancelTick?.();
    this.#cancelTick = undefined;
    this.#lives.clear();
  }

  #look(): number {
    const now = this.#clock.monotonic();
    const lastLook = this.#lastLook;
    this.#lastLook = now;
    // Three ticks: a busy machine delays one, a pause all of them.
    if (this.#cancelTick !== undefined && now - lastLook > 3 * this.#tick) this.#forgivePause(lastLook, now);
    return now;
  }

  #forgivePause(lastLook: number, now: number): void {
    for (const life of this.#lives.values()) {
      if (life.until > lastLook) life.until = now + this.#ttl;
    }
  }

  get #tick(): number {
    return this.#ttl / 10;
  }

  #armTick(): void {
    if (this.#cancelTick !== undefined) return;
    this.#cancelTick = this.#clock.after(this.#tick, () => {
      const now = this.#look();
      this.#cancelTick = undefined;
      for (const [node, life] of this.#lives) if (life.until <= now) this.#lives.delete(node);
      if (this.#lives.size > 0) this.#armTick();
    });
  }
}
