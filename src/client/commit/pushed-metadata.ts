import { printVcdiff } from '../../delta/vcdiff/print-vcdiff.js';
import { diffMetadata } from '../../meta/codec/diff-metadata.js';
import { encodeMetadata, encodeShared } from '../../meta/codec/encode-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { contentDigest } from '../../protocol/content-digest.js';
import { maxPushedDelta } from '../../protocol/deltas.js';
import type { PushedDelta } from '../../transport/transport.js';

/**
 * The bytes of a push, made when the transport reads them: the whole snapshot takes time in proportion to its size, and hashing it for a
 * delta takes longer still.
 */
export class PushedMetadata {
  /** Bytes of the whole snapshot. */
  readonly size: number;
  readonly #data: MetaData;
  readonly #base: MetaData | undefined;
  readonly #pieces: readonly Buffer[];
  #snapshot: Uint8Array | undefined;
  #delta: { readonly made: PushedDelta | undefined } | undefined;

  /**
   * @param base the metadata whose encoding is the manager's bytes of the version that is pushed from; undefined if it is not known
   * @throws RangeError if a number does not fit its field
   */
  constructor(data: MetaData, base: MetaData | undefined) {
    this.#data = data;
    this.#base = base;
    this.#pieces = encodeShared(data);
    this.size = this.#pieces.reduce((sum, { length }) => sum + length, 0);
  }

  get snapshot(): Uint8Array {
    this.#snapshot ??= encodeMetadata(this.#data);
    return this.#snapshot;
  }

  /** The delta from the base; undefined if it is not known, or if a delta saves too little. */
  get delta(): PushedDelta | undefined {
    this.#delta ??= { made: this.#makeDelta() };
    return this.#delta.made;
  }

  #makeDelta(): PushedDelta | undefined {
    if (this.#base === undefined) return undefined;
    const bytes = printVcdiff(diffMetadata(this.#base, this.#data));
    if (bytes.byteLength > maxPushedDelta || 2 * bytes.byteLength > this.size) return undefined;
    return { bytes, digest: contentDigest(...this.#pieces) };
  }
}
