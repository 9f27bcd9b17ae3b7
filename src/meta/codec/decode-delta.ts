import { applyDelta } from '../../delta/apply-delta.js';
import type { Delta } from '../../delta/delta.js';
import { Rope } from '../../delta/rope.js';
import type { MetaData } from '../records.js';
import { decodeMetadata } from './decode-metadata.js';
import { encodePieces } from './encode-metadata.js';
import { joinPieces } from './join-pieces.js';
import { placesIn, type SnapshotPlaces } from './places.js';
import { SegmentsReader } from './read-segments.js';
import { checkRecordCount } from './record-limit.js';
import { RootReader } from './root-reader.js';
import { databaseSegments, userSegments } from './segments.js';
import { Malformed, WireReader } from './wire-reader.js';

/**
 * Returns the metadata that `delta` produces from the bytes of `base`, as encodeMetadata encodes them. Databases and users that are
 * completely inside its copies are the same objects as in `base`; only the others are decoded.
 *
 * The digest of the result's encoding (encodeShared), which is the target's, shows whether it is what the sender meant.
 *
 * @throws CfluxError `MALFORMED_DELTA` if the delta does not match; for its result the errors of decodeMetadata.
 */
export function decodeDelta(base: MetaData, delta: Delta): MetaData {
  const { pieces, lossy } = encodePieces(base);
  // Lossy bytes decode to something else than the records they were encoded from.
  const data = lossy ? undefined : decodeSparsely(base, delta, new Rope(pieces));
  return data ?? decodeMetadata(applyDelta(delta, Buffer.concat(pieces)), base);
}

/** Returns undefined if anything is unusual: then everything is decoded, which finds the error, if any. */
function decodeSparsely(base: MetaData, delta: Delta, bytes: Rope): MetaData | undefined {
  const isInside = delta.instructions.every(
    ({ from, length }) => from === undefined || from + length <= bytes.length,
  );
  if (!isInside) return undefined;
  const sparse = new SparseTarget(bytes, placesIn(base));
  for (const { from, length, bytes: inserted } of delta.instructions) {
    if (inserted !== undefined) sparse.insert(inserted);
    else sparse.copy(from, from + length);
  }
  try {
    const data = sparse.decode(base);
    // Checks the number of its records.
    encodePieces(data);
    return data;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return undefined;
  }
}

/** Known records that were left out of the bytes, with their position. */
interface Omission {
  readonly at: number;
  readonly kind: 'databases' | 'users';
  readonly from: number;
  readonly to: number;
}

/** The target without the bytes of known records that are completely inside its copies. */
class SparseTarget {
  private readonly parts: Uint8Array[] = [];
  private size = 0;
  private readonly omissions: Omission[] = [];

  constructor(
    private readonly base: Rope,
    private readonly places: SnapshotPlaces,
  ) {}

  insert(bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.size += bytes.length;
  }

  copy(start: number, end: number): void {
    let position = start;
    for (const kind of ['databases', 'users'] as const) {
      const places = this.places[kind];
      const from = places.firstFrom(position);
      const to = places.lastUpTo(end);
      if (from >= to) continue;
      this.copyBytes(position, places.startOf(from));
      this.omissions.push({ at: this.size, kind, from, to });
      position = places.startOf(to);
    }
    this.copyBytes(position, end);
  }

  /** Each stretch between omissions must consist of whole fields of the root: only then are the omitted bytes records there too. */
  decode(known: MetaData): MetaData {
    // Copied to separate memory, because parts of it are kept with the records.
    const bytes = joinPieces(this.parts);
    checkRecordCount([bytes]);
    const reader = new WireReader(bytes);
    const readers = {
      databases: new SegmentsReader(databaseSegments, { list: known.databases }),
      users: new SegmentsReader(userSegments, { list: known.users }),
    };
    const root = new RootReader(readers.databases, readers.users);
    for (const { at, kind, from, to } of this.omissions) {
      root.readFields(reader, at);
      readers[kind].take(from, to);
    }
    root.readFields(reader, bytes.length);
    return root.finish(bytes, () => bytes);
  }

  private copyBytes(start: number, end: number): void {
    for (const part of this.base.slice(start, end)) this.insert(part);
  }
}
