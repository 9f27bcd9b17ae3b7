import { fieldsOf, ProtoWriter, textOf } from './proto.js';

// etcdserverpb.KV, the fields in use. https://etcd.io/docs/v3.4/dev-guide/api_reference_v3/

/** The current value of a key. */
export interface KeyValue {
  readonly key: string;
  /** Revision of the store in which the key was created, and last changed. */
  readonly createRevision: number;
  readonly modRevision: number;
  readonly value: Uint8Array;
}

export interface RangeRequest {
  readonly key: string;
  /** All keys from `key` to before this one; undefined: `key` alone. */
  readonly rangeEnd?: string | undefined;
  readonly limit?: number;
  /** Reads the store as of this revision; undefined: now. */
  readonly revision?: number | undefined;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  /** Only keys created in this revision or earlier. */
  readonly maxCreateRevision?: number;
  /** Only keys changed in this revision or later. */
  readonly minModRevision?: number;
}

export interface RangeResponse {
  /** Revision of the whole store when this was read. */
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
  /** There are more keys than `limit`. */
  readonly more: boolean;
  readonly count: number;
}

/** A change, or a read, within a transaction. */
export type Operation =
  | { readonly put: string; readonly value: Uint8Array; readonly lease?: number | undefined }
  | { readonly deleteKey: string; readonly rangeEnd?: string | undefined }
  | { readonly get: RangeRequest };

export type Comparison =
  /** The key was last changed in this revision; 0: it does not exist. */
  | { readonly key: string; readonly modRevision: number }
  | { readonly key: string; readonly exists: true }
  /** The range has keys, and all were created in this revision or later; `never`: it has none. */
  | { readonly key: string; readonly rangeEnd: string; readonly createdSince: number | 'never' };

export interface TxnRequest {
  readonly compare: readonly Comparison[];
  /** Executed if every comparison holds. */
  readonly success: readonly Operation[];
  readonly failure?: readonly Operation[];
}

export interface TxnResponse {
  readonly revision: number;
  readonly succeeded: boolean;
  /** Results of the reads among the operations, in their order. */
  readonly ranges: readonly RangeResponse[];
}

const key = (text: string) => Buffer.from(text);

function rangeRequest(request: RangeRequest): ProtoWriter {
  return new ProtoWriter()
    .bytes(1, key(request.key))
    .text(2, request.rangeEnd)
    .int64(3, request.limit)
    .int64(4, request.revision)
    .bool(8, request.keysOnly)
    .bool(9, request.countOnly)
    .int64(10, request.minModRevision)
    .int64(13, request.maxCreateRevision);
}

function operation(op: Operation): ProtoWriter {
  if ('get' in op) return new ProtoWriter().message(1, rangeRequest(op.get));
  if ('put' in op) {
    const put = new ProtoWriter().bytes(1, key(op.put)).bytes(2, op.value).int64(3, op.lease);
    return new ProtoWriter().message(2, put);
  }
  return new ProtoWriter().message(3, new ProtoWriter().bytes(1, key(op.deleteKey)).text(2, op.rangeEnd));
}

// Compare.result: EQUAL is 0 and GREATER 1; Compare.target: CREATE is 1 and MOD 2. A key that does not exist was created in 0.
function comparison(compare: Comparison): ProtoWriter {
  if ('modRevision' in compare) {
    return new ProtoWriter().int64(2, 2).bytes(3, key(compare.key)).int64(6, compare.modRevision);
  }
  if ('exists' in compare) return new ProtoWriter().int64(1, 1).int64(2, 1).bytes(3, key(compare.key));
  const { createdSince, rangeEnd } = compare;
  const writer = new ProtoWriter().int64(1, createdSince === 'never' ? 0 : 1).int64(2, 1);
  writer.bytes(3, key(compare.key)).int64(5, createdSince === 'never' ? 0 : createdSince - 1);
  return writer.text(64, rangeEnd);
}

export const encodeRange = (request: RangeRequest) => rangeRequest(request).finish();

export const encodeTxn = (request: TxnRequest) =>
  new ProtoWriter()
    .messages(1, request.compare.map(comparison))
    .messages(2, request.success.map(operation))
    .messages(3, request.failure?.map(operation))
    .finish();

export const encodeCompaction = (request: { readonly revision: number }) =>
  new ProtoWriter().int64(1, request.revision).finish();

/** Returns the revision in a response's header. */
export function revisionOf(header: Uint8Array): number {
  for (const field of fieldsOf(header)) if (field.number === 3) return field.int;
  return 0;
}

export function decodeKeyValue(message: Uint8Array): KeyValue {
  let [name, createRevision, modRevision] = ['', 0, 0];
  let value: Uint8Array = new Uint8Array();
  for (const field of fieldsOf(message)) {
    if (field.number === 1) name = textOf(field);
    else if (field.number === 2) createRevision = field.int;
    else if (field.number === 3) modRevision = field.int;
    else if (field.number === 5) value = field.bytes;
  }
  return { key: name, createRevision, modRevision, value };
}

export function decodeRange(message: Uint8Array): RangeResponse {
  let [revision, count, more] = [0, 0, false];
  const kvs: KeyValue[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === 1) revision = revisionOf(field.bytes);
    else if (field.number === 2) kvs.push(decodeKeyValue(field.bytes));
    else if (field.number === 3) more = field.int !== 0;
    else if (field.number === 4) count = field.int;
  }
  return { revision, kvs, more, count };
}

export function decodeTxn(message: Uint8Array): TxnResponse {
  let [revision, succeeded] = [0, false];
  const ranges: RangeResponse[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === 1) revision = revisionOf(field.bytes);
    else if (field.number === 2) succeeded = field.int !== 0;
    else if (field.number === 3) {
      for (const response of fieldsOf(field.bytes)) {
        if (response.number === 1) ranges.push(decodeRange(response.bytes));
      }
    }
  }
  return { revision, succeeded, ranges };
}

/** Decodes an empty response; grpc-js treats `undefined` and `null` as no response. */
export const decodeNothing = () => true;
