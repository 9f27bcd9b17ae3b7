import type { Clock } from '../clock.js';

interface Life {
  /** Monotonic time until which the node is alive. */
  until: number;
}

/**
 * Tracks which nodes are alive, by their heartbeats in this process (R23). All times are monotonic.
 *
 * While the process did not run (stopped, swapped out, its event loop blocked) it received no heartbeats either. A tick at a tenth of the
 * time to live detects that: if one comes far too late, every node that was alive at the last tick stays alive for one full time to live
 * from now.
 */
export class Liveness {
  readonly #clock: Clock;
  readonly #ttl: number;
  /** By cluster, then by node id: a heartbeat needs no composed key. */
  readonly #lives = new Map<string, Map<number, Life>>();
  #lastLook: number;
  #cancelTick: (() => void) | undefined;
  readonly #onDeath: (cluster: string, nodeIds: readonly number[]) => void;

  /** @param onDeath the time to live of these nodes is over, and they have not said that they leave */
  constructor(
    clock: Clock,
    ttl: number,
    onDeath: (cluster: string, nodeIds: readonly number[]) => void = () => {},
  ) {
    this.#clock = clock;
    this.#ttl = ttl;
    this.#onDeath = onDeath;
    this.#lastLook = clock.monotonic();
  }

  heartbeat(cluster: string, nodeId: number): void {
    const until = this.#look() + this.#ttl;
    let lives = this.#lives.get(cluster);
    if (lives === undefined) {
      lives = new Map();
      this.#lives.set(cluster, lives);
    }
    const life = lives.get(nodeId);
    if (life === undefined) lives.set(nodeId, { until });
    else life.until = until;
    this.#armTick();
  }

  /** Marks the node as not alive until its next heartbeat. */
  end(cluster: string, nodeId: number): void {
    const lives = this.#lives.get(cluster);
    lives?.delete(nodeId);
    if (lives?.size === 0) this.#lives.delete(cluster);
  }

  /** Marks all nodes of the cluster as not alive. */
  endAll(cluster: string): void {
    this.#lives.delete(cluster);
  }

  isAlive(cluster: string, nodeId: number): boolean {
    const now = this.#look();
    const life = this.#lives.get(cluster)?.get(nodeId);
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
    // Three ticks: a busy machine delays one tick, a pause all of them.
    if (this.#cancelTick !== undefined && now - lastLook > 3 * this.#tick) this.#forgivePause(lastLook, now);
    return now;
  }

  #forgivePause(lastLook: number, now: number): void {
    for (const lives of this.#lives.values()) {
      for (const life of lives.values()) if (life.until > lastLook) life.until = now + this.#ttl;
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
      for (const [cluster, lives] of this.#lives) {
        const dead = [...lives].filter(([, { until }]) => until <= now).map(([nodeId]) => nodeId);
        for (const nodeId of dead) lives.delete(nodeId);
        if (lives.size === 0) this.#lives.delete(cluster);
        if (dead.length > 0) this.#onDeath(cluster, dead);
      }
      if (this.#lives.size > 0) this.#armTick();
    });
  }
}
