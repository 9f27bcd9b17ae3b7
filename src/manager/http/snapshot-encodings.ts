import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import { contentDigest } from '../../protocol/content-digest.js';

const gzip = promisify(gzipCallback);

// Below this a packet is a packet.
const worthCompressing = 1_400;

/** A snapshot as it goes over the wire: one buffer, one gzip and one digest, however many nodes get it. */
export class EncodedSnapshot {
  readonly bytes: Uint8Array;
  #digest: string | undefined;
  #gzipped: Promise<Uint8Array> | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Of the bytes before any encoding. */
  get digest(): string {
    this.#digest ??= contentDigest(this.bytes);
    return this.#digest;
  }

  /** The gzipped bytes where that makes them fewer. */
  async gzipped(): Promise<Uint8Array | undefined> {
    if (this.bytes.byteLength < worthCompressing) return undefined;
    this.#gzipped ??= gzip(this.bytes);
    const gzipped = await this.#gzipped;
    return gzipped.byteLength < this.bytes.byteLength ? gzipped : undefined;
  }
}

/** Encodings by snapshot: they live as long as the manager keeps the snapshot itself. */
export class SnapshotEncodings {
  readonly #bySnapshot = new WeakMap<Uint8Array, EncodedSnapshot>();

  of(snapshot: Uint8Array): EncodedSnapshot {
    const known = this.#bySnapshot.get(snapshot);
    if (known !== undefined) return known;
    const encoded = new EncodedSnapshot(snapshot);
    this.#bySnapshot.set(snapshot, encoded);
    return encoded;
  }
}
