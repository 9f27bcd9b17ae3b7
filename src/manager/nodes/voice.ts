import { kindOf, type NodeWord } from '../../protocol/node-word.js';
import type { NodeKind } from '../../protocol/nodes.js';
import { Instances, type Standing } from './instances.js';

/** A version as a node said it: within one instance and epoch the highest counts, unless it is of a history that was lost. */
export interface SaidVersion {
  readonly highest: number;
  readonly last: number;
}

/** What is known of a node from its own words (R28). */
export interface SaidOfNode {
  readonly kind: NodeKind;
  readonly instance?: string | undefined;
  readonly epoch?: string | undefined;
  readonly held?: SaidVersion | undefined;
  readonly applied?: SaidVersion | undefined;
  /** Milliseconds since it was last heard of; absent: not known. */
  readonly age?: number | undefined;
  /** Two processes share the id. */
  readonly isDuplicate?: boolean;
}

/** What one node said last. All times are monotonic. */
export class Voice {
  #instances: Instances | undefined;
  #kind: NodeKind | undefined;
  #epoch: string | undefined;
  #held: SaidVersion | undefined;
  #applied: SaidVersion | undefined;
  #heardAt: number | undefined;

  get kind(): NodeKind | undefined {
    return this.#kind;
  }

  /** @param now absent: it is not known when the heartbeat came */
  heartbeat(
    word: NodeWord,
    now: number | undefined,
    { clock, ttl }: { clock: number; ttl: number },
  ): Standing {
    const { instance } = word;
    if (instance === undefined) {
      // It speaks the legacy protocol now, or the node went back to a version that does.
      this.#kind = 'legacy';
      this.#forget();
      this.#instances = undefined;
      this.#heardAt = now;
      return 'current';
    }
    const before = this.#instances?.current;
    const standing = this.#beat(instance, clock, ttl);
    if (standing !== 'current') return standing;
    this.#kind = kindOf(word);
    this.#say(word, before !== instance);
    this.#heardAt = now;
    return standing;
  }

  /** The node registered: it has said who it is, and of no version. */
  registered({ instance }: NodeWord, now: number | undefined): void {
    this.#kind = kindOf({ instance });
    this.#instances = instance === undefined ? undefined : new Instances(instance);
    this.#heardAt = now;
  }

  /** A poll of the node named a version that it has. */
  poll(word: NodeWord, now: number | undefined): void {
    const { instance, version } = word;
    if (version === undefined || version === 0) return;
    const before = this.#instances?.current;
    if (instance === undefined) {
      // Of a process that has a name, this says nothing of which.
      if (before !== undefined) return;
    } else if (this.#instances === undefined) {
      if (this.#kind === 'legacy') this.#forget();
      this.#instances = new Instances(instance);
    } else if (this.#instances.met(instance) !== 'current') return;
    this.#kind ??= kindOf({ instance });
    this.#say({ ...word, applied: undefined }, before !== instance);
    if (now !== undefined) this.#heardAt = now;
  }

  said(now: number): SaidOfNode | undefined {
    if (this.#kind === undefined) return undefined;
    const instance = this.#instances?.current;
    return {
      kind: this.#kind,
      ...(instance === undefined ? {} : { instance }),
      ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
      ...(this.#held === undefined ? {} : { held: this.#held }),
      ...(this.#applied === undefined ? {} : { applied: this.#applied }),
      ...(this.#heardAt === undefined ? {} : { age: Math.max(0, now - this.#heardAt) }),
      ...(this.#instances?.isShared ? { isDuplicate: true } : {}),
    };
  }

  #beat(instance: string, now: number, ttl: number): Standing {
    if (this.#instances !== undefined) return this.#instances.beat(instance, now, ttl);
    this.#instances = new Instances(instance);
    return 'current';
  }

  #say({ epoch, version, applied }: NodeWord, isOther: boolean): void {
    if (isOther || epoch !== this.#epoch) this.#forget();
    this.#epoch = epoch;
    this.#held = higher(this.#held, version);
    this.#applied = higher(this.#applied, applied);
  }

  #forget(): void {
    this.#epoch = undefined;
    this.#held = undefined;
    this.#applied = undefined;
  }
}

function higher(before: SaidVersion | undefined, version: number | undefined): SaidVersion | undefined {
  if (version === undefined || (before?.last === version && before.highest === version)) return before;
  return { highest: Math.max(before?.highest ?? 0, version), last: version };
}
