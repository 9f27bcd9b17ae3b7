import { CfluxError } from '../../errors.js';
import { type Inside, root } from './message-tree.js';
import { Malformed, WireReader } from './wire-reader.js';

/**
 * The largest number of records in metadata: databases, retention policies, shard groups, shards, their owners, subscriptions, continuous
 * queries, users and privileges together. A record takes one or two bytes on the wire and some hundred in memory, so a limit on the bytes
 * does not limit the memory of a node that decodes them.
 */
const maxRecords = 5_000_000;

/** Owners in the format of InfluxDB 0.9: numbers, packed into one field, are records of a byte each. */
const packedOwners = 0x12;
const shard: Inside | undefined = root[42]?.inside[26]?.inside[42]?.inside[42]?.inside;

/**
 * Checks the number of records in encoded metadata without decoding it.
 *
 * @param pieces The encoding, divided between two fields of the root message.
 * @param atMost an upper bound: the records are counted only if this is too high; default: one record per byte
 * @throws CfluxError `TOO_LARGE` above {@link maxRecords}.
 */
export function checkRecordCount(pieces: readonly Buffer[], atMost?: () => number): void {
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (size <= maxRecords || (atMost !== undefined && atMost() <= maxRecords)) return;
  const counter = new RecordCounter(maxRecords);
  for (const piece of pieces) counter.count(piece);
}

/** Returns how many records the databases, or the users, of encoded metadata have. */
export function countRecords(bytes: Buffer): number {
  const counter = new RecordCounter(Number.POSITIVE_INFINITY);
  counter.count(bytes);
  return counter.records;
}

class RecordCounter {
  records = 0;

  constructor(private readonly most: number) {}

  count(bytes: Buffer): void {
    try {
      this.countInside(new WireReader(bytes), bytes.length, root);
    } catch (error) {
      // Decoding finds that as well, and reports the location.
      if (!(error instanceof Malformed)) throw error;
    }
  }

  private countInside(reader: WireReader, end: number, inside: Inside): void {
    while (reader.pos < end) {
      const start = reader.pos;
      const tag = reader.tag();
      const field = inside[tag];
      if (field !== undefined) {
        this.add(1);
        this.countInside(reader, reader.delimitedEnd(end), field.inside);
      } else if (tag === packedOwners && inside === shard) {
        const last = reader.delimitedEnd(end);
        for (; reader.pos < last; this.add(1)) reader.uint32();
      } else {
        reader.skip(tag, start, end);
      }
    }
    reader.finish(end);
  }

  private add(records: number): void {
    this.records += records;
    if (this.records > this.most) throw tooManyRecords();
  }
}

function tooManyRecords(): CfluxError {
  return new CfluxError(
    'TOO_LARGE',
    `metadata is too large: it has more than ${maxRecords} records (databases, policies, shard groups, shards, users, …); drop unused ones, such as expired shard groups`,
    { outcome: 'notApplied' },
  );
}
