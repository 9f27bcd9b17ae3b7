import { applyDelta, applyToRope } from '../../delta/apply-delta.js';
import type { Delta } from '../../delta/delta.js';
import { Rope } from '../../delta/rope.js';
import { contentDigest, statedDigest } from '../../protocol/content-digest.js';
import type { SnapshotBytes } from '../manager-store.js';
import { digestOf, rememberDigest } from './snapshot-digest.js';

/** With more pieces, hashing them one by one and finding a place among them cost more than a copy now and then. */
const maxPieces = 512;
/** Bytes that may always be kept alive by views of a small part of them. */
const grantedBytes = 64 * 1024;

/**
 * The bytes of a snapshot. A version that was pushed as a delta consists of views of its base and of the delta, so that it costs what
 * changed, in time and in memory. They are joined when they are needed as a whole, and after many changes. Immutable.
 */
export class SharedBytes implements SnapshotBytes {
  readonly byteLength: number;
  #rope: Rope;
  /** Bytes of all memory that the pieces are views of, at most. */
  #retained: number;
  #digest: string | undefined;

  private constructor(rope: Rope, retained: number) {
    this.#rope = rope;
    this.byteLength = rope.length;
    this.#retained = retained;
  }

  /** @param bytes must not be changed afterwards */
  static of(bytes: Uint8Array): SharedBytes {
    return new SharedBytes(new Rope([bytes]), bytes.byteLength);
  }

  get pieces(): readonly Uint8Array[] {
    return this.#rope.pieces;
  }

  slice(start: number, end: number): readonly Uint8Array[] {
    return this.#rope.slice(start, end);
  }

  /** Bytes of memory that it keeps alive, together with the versions that it shares them with. */
  get retained(): number {
    return this.#retained;
  }

  /** The `Content-Digest` of the bytes: computed once. */
  get digest(): string {
    const [first, second] = this.pieces;
    this.#digest ??= first && !second ? digestOf(first) : contentDigest(...this.pieces);
    return this.#digest;
  }

  /** Returns whether the bytes have the digest in the header field `value`; `false` if that contains no supported algorithm. */
  hasDigest(value: string): boolean {
    return statedDigest(value) === this.digest;
  }

  whole(): Uint8Array {
    const [first, second] = this.pieces;
    if (first !== undefined && second === undefined) return first;
    const joined = this.#rope.join();
    if (this.#digest !== undefined) rememberDigest(joined, this.#digest);
    this.#rope = new Rope([joined]);
    this.#retained = joined.byteLength;
    return joined;
  }

  /** @throws CfluxError `MALFORMED_DELTA` if a copy exceeds these bytes. */
  patched(delta: Delta): SharedBytes {
    const { instructions } = delta;
    if (instructions.length > maxPieces) return SharedBytes.of(applyDelta(delta, this.whole()));
    const rope = applyToRope(delta, this.#rope);
    const retained = instructions.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), this.#retained);
    const isScattered = rope.pieces.length > maxPieces || retained > 2 * rope.length + grantedBytes;
    return isScattered ? SharedBytes.of(rope.join()) : new SharedBytes(rope, retained);
  }
}
