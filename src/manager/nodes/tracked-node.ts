import { kindOf, type NodeProgress } from '../../protocol/node-progress.js';
import type { NodeKind } from '../../protocol/nodes.js';
import { type InstanceState, Instances } from './instances.js';

/** A reported version: within one instance and epoch the highest counts, unless it belongs to a lost history. */
export interface ReportedVersion {
  readonly highest: number;
  readonly last: number;
}

/** The known progress of a node (R28). */
export interface KnownProgress {
  readonly kind: NodeKind;
  readonly instance?: string | undefined;
  readonly epoch?: string | undefined;
  readonly held?: ReportedVersion | undefined;
  readonly applied?: ReportedVersion | undefined;
  /** Milliseconds since the last request; absent if unknown. */
  readonly age?: number | undefined;
  /** Two processes share the id. */
  readonly isDuplicate?: boolean;
}

/** Tracks the progress of one node. All times are monotonic. */
export class TrackedNode {
  #instances: Instances | undefined;
  #kind: NodeKind | undefined;
  #epoch: string | undefined;
  #held: ReportedVersion | undefined;
  #applied: ReportedVersion | undefined;
  #seenAt: number | undefined;

  get kind(): NodeKind | undefined {
    return this.#kind;
  }

  /** @param now absent if the time of the heartbeat is unknown */
  heartbeat(
    progress: NodeProgress,
    now: number | undefined,
    { clock, ttl }: { clock: number; ttl: number },
  ): InstanceState {
    const { instance } = progress;
    if (instance === undefined) {
      // The process changed to a legacy client, or to an older version of ours.
      this.#kind = 'legacy';
      this.#forget();
      this.#instances = undefined;
      this.#seenAt = now;
      return 'current';
    }
    const before = this.#instances?.current;
    const standing = this.#beat(instance, clock, ttl);
    if (standing !== 'current') return standing;
    this.#kind = kindOf(progress);
    this.#note(progress, before !== instance);
    this.#seenAt = now;
    return standing;
  }

  /** Records a registration, which contains an instance but no version. */
  registered({ instance }: NodeProgress, now: number | undefined): void {
    this.#kind = kindOf({ instance });
    this.#instances = instance === undefined ? undefined : new Instances(instance);
    this.#seenAt = now;
  }

  /** Records the version that a poll of the node named. */
  poll(progress: NodeProgress, now: number | undefined): void {
    const { instance, version } = progress;
    if (version === undefined || version === 0) return;
    const before = this.#instances?.current;
    if (instance === undefined) {
      // The poll may belong to any process of the node.
      if (before !== undefined) return;
    } else if (this.#instances === undefined) {
      if (this.#kind === 'legacy') this.#forget();
      this.#instances = new Instances(instance);
    } else if (this.#instances.request(instance) !== 'current') return;
    this.#kind ??= kindOf({ instance });
    this.#note({ ...progress, applied: undefined }, before !== instance);
    if (now !== undefined) this.#seenAt = now;
  }

  progress(now: number): KnownProgress | undefined {
    if (this.#kind === undefined) return undefined;
    const instance = this.#instances?.current;
    return {
      kind: this.#kind,
      ...(instance === undefined ? {} : { instance }),
      ...(this.#epoch === undefined ? {} : { epoch: this.#epoch }),
      ...(this.#held === undefined ? {} : { held: this.#held }),
      ...(this.#applied === undefined ? {} : { applied: this.#applied }),
      ...(this.#seenAt === undefined ? {} : { age: Math.max(0, now - this.#seenAt) }),
      ...(this.#instances?.isShared ? { isDuplicate: true } : {}),
    };
  }

  #beat(instance: string, now: number, ttl: number): InstanceState {
    if (this.#instances !== undefined) return this.#instances.heartbeat(instance, now, ttl);
    this.#instances = new Instances(instance);
    return 'current';
  }

  #note({ epoch, version, applied }: NodeProgress, isOther: boolean): void {
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

function higher(
  before: ReportedVersion | undefined,
  version: number | undefined,
): ReportedVersion | undefined {
  if (version === undefined || (before?.last === version && before.highest === version)) return before;
  return { highest: Math.max(before?.highest ?? 0, version), last: version };
}
