import { composeDeltas } from '../../delta/compose-deltas.js';
import type { Delta } from '../../delta/delta.js';
import { printVcdiff } from '../../delta/vcdiff/print-vcdiff.js';
import { isCfluxError } from '../../errors.js';
import type { Snapshot, SnapshotDelta } from '../../transport/transport.js';
import type { Head, SnapshotBytes } from '../manager-store.js';
import { type CurrentVersion, snapshotOf } from './latest-snapshot.js';

/** How many versions a node may be behind to get a delta: one that follows the cluster is rarely further behind. */
const maxBehind = 10;
/** The same for a push: while it waited in the queue, each of many nodes may have stored a version. */
const maxBehindOfPush = 100;
/** Of how many of the last versions the mutations are known. */
const maxChanges = 1_000;
/** Approximate memory of an instruction. */
const bytesOfInstruction = 64;
/** Memory that deltas may always take; beyond it, as much as the snapshot. */
const grantedBytes = 16 * 1024;

/** A version that this manager stored, and what it was made from. */
interface Change {
  readonly base: number;
  readonly version: number;
  readonly mutation: string;
  /** Undefined if the version was pushed as a whole, and for older versions. */
  delta: Delta | undefined;
}

/** The version that a requester has. */
interface Claim {
  readonly epoch?: string | undefined;
  readonly version: number;
  /** The mutation that made it, if that is known. */
  readonly mutation?: string | undefined;
}

/** A delta to the newest version, with the snapshot that it produces. */
export interface OfferedDelta extends SnapshotDelta {
  /** The bytes of the snapshot: `whole` joins them. */
  readonly bytes: SnapshotBytes;
  readonly whole: Snapshot;
}

/**
 * The last versions of one cluster, as far as this manager stored each from the one before it. They are kept as lists of instructions,
 * so that a node which is a few versions behind gets one composed delta: it is composed once for all nodes at that version (R29).
 */
export class RecentChanges {
  #epoch: string | undefined;
  /** Oldest first; each is based on the one before. */
  #changes: Change[] = [];
  /** Deltas to the newest version, by their base. */
  readonly #offered = new Map<number, OfferedDelta | undefined>();
  readonly #composed = new Map<number, Delta | undefined>();

  /** Memory of the deltas, approximately. */
  get bytes(): number {
    return this.#changes.reduce((sum, { delta }) => sum + (delta === undefined ? 0 : costOf(delta)), 0);
  }

  /** This manager stored `current`, made from version `base`, by `delta` if it is known. */
  add({ epoch, record, snapshot }: CurrentVersion, base: number, delta: Delta | undefined): void {
    if (this.#epoch !== epoch || this.#changes.at(-1)?.version !== base) this.#changes = [];
    this.#epoch = epoch;
    const { version, mutation } = record;
    this.#changes.push({ base, version, mutation, delta });
    this.#offered.clear();
    this.#composed.clear();
    this.#forgetOldest(Math.max(grantedBytes, snapshot.byteLength));
  }

  /** Returns the delta from the version in `claim` to `current` for a poll; undefined if it is not known, or not smaller. */
  deltaTo(current: CurrentVersion, claim: Claim): OfferedDelta | undefined {
    return this.#deltaTo(current, claim, maxBehind);
  }

  /** Returns the same for a push that lost the race. */
  deltaToLoser(current: CurrentVersion, claim: Claim): OfferedDelta | undefined {
    return this.#deltaTo(current, claim, maxBehindOfPush);
  }

  #deltaTo(current: CurrentVersion, claim: Claim, limit: number): OfferedDelta | undefined {
    if (!this.#endsWith({ epoch: current.epoch, latest: current.record })) return undefined;
    if (claim.epoch !== this.#epoch) return undefined;
    const index = this.#changes.findLastIndex(({ base }) => base === claim.version);
    if (index < 0 || index < this.#changes.length - limit) return undefined;
    const made = this.#changes[index - 1]?.mutation;
    if (made !== undefined && claim.mutation !== undefined && made !== claim.mutation) return undefined;
    if (!this.#offered.has(claim.version)) this.#offered.set(claim.version, this.#offer(current, index));
    return this.#offered.get(claim.version);
  }

  /**
   * Returns the version that `mutation` created, if all versions after the one in `claim` up to that in `head` are known; `none` if none
   * of them did. Undefined: they are not all known.
   */
  versionBy(mutation: string, claim: Claim, head: Head): number | 'none' | undefined {
    if (!this.#endsWith(head) || (claim.epoch ?? head.epoch) !== this.#epoch) return undefined;
    if (!this.#changes.some(({ base }) => base === claim.version)) return undefined;
    return this.#changes.find((change) => change.mutation === mutation)?.version ?? 'none';
  }

  #endsWith({ epoch, latest }: Head): boolean {
    const last = this.#changes.at(-1);
    return (
      last !== undefined &&
      epoch === this.#epoch &&
      last.version === latest?.version &&
      last.mutation === latest.mutation
    );
  }

  #offer(current: CurrentVersion, index: number): OfferedDelta | undefined {
    const { snapshot } = current;
    const delta = this.#from(index);
    if (delta === undefined || delta.length !== snapshot.byteLength) return undefined;
    const printed = printVcdiff(delta);
    // Compressed, the snapshot may be smaller still.
    if (2 * printed.byteLength > snapshot.byteLength) return undefined;
    const whole = snapshotOf(current);
    const { version, mutation, epoch } = whole;
    return { version, mutation, epoch, delta: printed, digest: snapshot.digest, bytes: snapshot, whole };
  }

  /** Returns the delta from the base of the change at `index` to the newest version. */
  #from(index: number): Delta | undefined {
    const change = this.#changes[index];
    if (change === undefined) return undefined;
    if (index === this.#changes.length - 1) return change.delta;
    if (!this.#composed.has(index)) {
      const later = this.#from(index + 1);
      const delta = change.delta && later && composed(change.delta, later);
      this.#composed.set(index, delta);
    }
    return this.#composed.get(index);
  }

  #forgetOldest(mostBytes: number): void {
    if (this.#changes.length > maxChanges) this.#changes.splice(0, this.#changes.length - maxChanges);
    let bytes = 0;
    for (let i = this.#changes.length - 1, kept = 0; i >= 0; i--, kept++) {
      const change = this.#changes[i];
      if (change?.delta === undefined) continue;
      bytes += costOf(change.delta);
      if (kept >= maxBehindOfPush || bytes > mostBytes) change.delta = undefined;
    }
  }
}

const costOf = ({ instructions }: Delta): number =>
  instructions.reduce((sum, { bytes }) => sum + bytesOfInstruction + (bytes?.byteLength ?? 0), 0);

/** Returns undefined if it would be too large. */
function composed(first: Delta, second: Delta): Delta | undefined {
  try {
    return composeDeltas(first, second);
  } catch (error) {
    if (isCfluxError(error)) return undefined;
    throw error;
  }
}
