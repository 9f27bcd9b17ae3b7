/** Milliseconds between two returns that prove two processes. */
const proof = 2_000;
/** Processes of one node that are remembered; those of a node that restarts in a loop push each other out. */
const most = 8;

/** Who an instance is when it is heard: the node's process, one that was replaced, or one of two that share the id. */
export type Standing = 'current' | 'replaced' | 'duplicate';

interface Return {
  readonly at: number;
  /** Who was heard before. */
  readonly after: string;
}

/**
 * Which process of a node is its present one (R28). A new instance replaces the one before; that is a restart, and what the old one
 * said may still arrive. Two that return in turns are clones: an instance that returned twice, at least two seconds apart and both
 * times after the same other one, proves that both run.
 */
export class Instances {
  #current: string;
  #last: string;
  readonly #known = new Map<string, Return | undefined>();
  readonly #duplicates = new Set<string>();

  constructor(first: string) {
    this.#current = first;
    this.#last = first;
    this.#known.set(first, undefined);
  }

  get current(): string {
    return this.#current;
  }

  /** Both processes of the id were told that they share it, and no other has taken it since. */
  get isShared(): boolean {
    return this.#duplicates.has(this.#current);
  }

  standingOf(instance: string): Standing {
    if (this.#duplicates.has(instance)) return 'duplicate';
    return instance === this.#current ? 'current' : 'replaced';
  }

  /** Something but a heartbeat came from `instance`: it says who is new, and nothing of who returns. */
  met(instance: string): Standing {
    if (!this.#known.has(instance)) this.#replaceBy(instance);
    return this.standingOf(instance);
  }

  /** A heartbeat came from `instance` at `now`, by the monotonic clock. `ttl`: for how long a node lives after one. */
  beat(instance: string, now: number, ttl: number): Standing {
    const last = this.#last;
    if (!this.#known.has(instance)) this.#replaceBy(instance);
    else if (instance !== last) this.#returned(instance, last, now);
    else if (instance !== this.#current) {
      // The one that replaced it has been silent for a whole life: it was the copy, and is gone.
      const since = this.#known.get(instance)?.at ?? now;
      if (now - since >= ttl) this.#current = instance;
    }
    this.#last = instance;
    return this.standingOf(instance);
  }

  #returned(instance: string, after: string, now: number): void {
    const before = this.#known.get(instance);
    if (before === undefined || before.after !== after) this.#known.set(instance, { at: now, after });
    else if (now - before.at >= proof) for (const each of [instance, after]) this.#duplicates.add(each);
  }

  #replaceBy(instance: string): void {
    this.#current = instance;
    this.#known.set(instance, undefined);
    if (this.#known.size <= most) return;
    const [oldest = ''] = this.#known.keys();
    this.#known.delete(oldest);
    this.#duplicates.delete(oldest);
  }
}
