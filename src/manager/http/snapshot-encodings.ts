import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import { headers } from '../../protocol/headers.js';
import { SharedResult } from '../shared-result.js';
import { digestOf } from '../versions/snapshot-digest.js';
import { type HistoryHeaders, standingHeaders } from './history-headers.js';
import { protection } from './response-protection.js';

const gzip = promisify(gzipCallback);

// Below this size compression saves no packet.
const worthCompressing = 1_400;

/** A snapshot as it is sent: one buffer, one gzip and one digest, however many nodes receive it. */
export class EncodedSnapshot {
  readonly bytes: Uint8Array;
  #gzipped: SharedResult<Uint8Array> | undefined;
  /** The most recent headers: thousands of polls may have waited for the same version. */
  #headers:
    | { readonly standing: HistoryHeaders; readonly body: Uint8Array; readonly list: string[] }
    | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Headers of a response whose body is `body` (the bytes or their gzip): names and values alternate; one list per `standing`. */
  headersOf(standing: HistoryHeaders, body: Uint8Array): string[] {
    if (this.#headers?.standing !== standing || this.#headers.body !== body) {
      const list = Object.entries({
        ...standingHeaders(standing),
        ...protection,
        'Content-Type': 'application/octet-stream',
        'Content-Length': String(body.byteLength),
        [headers.contentDigest]: digestOf(this.bytes),
        Vary: 'Accept-Encoding',
        ...(body === this.bytes ? {} : { 'Content-Encoding': 'gzip' }),
      }).flat();
      this.#headers = { standing, body, list };
    }
    return this.#headers.list;
  }

  /** The compressed bytes, if they are fewer. */
  async gzipped(): Promise<Uint8Array | undefined> {
    if (this.bytes.byteLength < worthCompressing) return undefined;
    this.#gzipped ??= new SharedResult<Uint8Array>(gzip(this.bytes));
    const gzipped = await this.#gzipped.get();
    return gzipped.byteLength < this.bytes.byteLength ? gzipped : undefined;
  }
}

/** Encodings by snapshot: they live as long as the manager caches the snapshot itself. */
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
