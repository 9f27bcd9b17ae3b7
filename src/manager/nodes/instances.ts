/** Minimum time between two returns that prove two processes, in milliseconds. */
const proof = 2_000;
/** Number of instances to remember per node; a node in a restart loop displaces its oldest ones. */
const maxInstances = 8;

/** State of an instance: the present process of the node, a replaced one, or one of two that share the id. */
export type InstanceState = 'current' | 'replaced' | 'duplicate';

interface Return {
  readonly at: number;
  /** The instance that sent the heartbeat before. */
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

  /** Whether two processes share the id; `false` again after a new instance replaced them. */
  get isShared(): boolean {
    return this.#duplicates.has(this.#current);
  }

  stateOf(instance: string): InstanceState {
    if (this.#duplicates.has(instance)) return 'duplicate';
    return instance === this.#current ? 'current' : 'replaced';
  }

  /** Records a request other than a heartbeat. It can introduce a new instance, but does not count as a return. */
  request(instance: string): InstanceState {
    if (!this.#known.has(instance)) this.#replaceBy(instance);
    return this.stateOf(instance);
  }

  /** Records a heartbeat at `now`, by the monotonic clock. `ttl` is the time to live of a node, in milliseconds. */
  heartbeat(instance: string, now: number, ttl: number): InstanceState {
    const last = this.#last;
    if (!this.#known.has(instance)) this.#replaceBy(instance);
    else if (instance !== last) this.#returned(instance, last, now);
    else if (instance !== this.#current) {
      // The instance that replaced it sent no heartbeat for a whole time to live: it was a short-lived copy.
      const since = this.#known.get(instance)?.at ?? now;
      if (now - since >= ttl) this.#current = instance;
    }
    this.#last = instance;
    return this.stateOf(instance);
  }

  #returned(instance: string, after: string, now: number): void {
    const before = this.#known.get(instance);
    if (before === undefined || before.after !== after) this.#known.set(instance, { at: now, after });
    else if (now - before.at >= proof) for (const each of [instance, after]) this.#duplicates.add(each);
  }

  #replaceBy(instance: string): void {
    this.#current = instance;
    this.#known.set(instance, undefined);
    if (this.#known.size <= maxInstances) return;
    const [oldest = ''] = this.#known.keys();
    this.#known.delete(oldest);
    this.#duplicates.delete(oldest);
  }
}
