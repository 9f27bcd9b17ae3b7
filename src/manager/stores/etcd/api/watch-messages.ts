import { decodeKeyValue, type KeyValue, revisionOf } from './kv-messages.js';
import { fieldsOf, ProtoWriter, textOf } from './proto.js';

// etcdserverpb.Watch.

export interface WatchRequest {
  readonly key: string;
  readonly rangeEnd: string;
  /** The first revision whose changes are reported. */
  readonly startRevision: number;
}

export interface WatchEvent {
  readonly kind: 'put' | 'delete';
  readonly kv: KeyValue;
}

export interface WatchResponse {
  readonly revision: number;
  /** The watch is established; later changes are reported. */
  readonly created: boolean;
  /** The watch ended. */
  readonly canceled: boolean;
  /** If not 0: the changes from the requested revision to before this one were compacted. */
  readonly compactRevision: number;
  readonly cancelReason: string;
  readonly events: readonly WatchEvent[];
}

export const encodeWatch = ({ key, rangeEnd, startRevision }: WatchRequest) =>
  new ProtoWriter()
    .message(1, new ProtoWriter().text(1, key).text(2, rangeEnd).int64(3, startRevision))
    .finish();

function decodeEvent(message: Uint8Array): WatchEvent {
  let kind: WatchEvent['kind'] = 'put';
  let kv: KeyValue = { key: '', createRevision: 0, modRevision: 0, value: new Uint8Array() };
  for (const field of fieldsOf(message)) {
    if (field.number === 1 && field.int === 1) kind = 'delete';
    else if (field.number === 2) kv = decodeKeyValue(field.bytes);
  }
  return { kind, kv };
}

export function decodeWatch(message: Uint8Array): WatchResponse {
  let [revision, compactRevision, created, canceled, cancelReason] = [0, 0, false, false, ''];
  const events: WatchEvent[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === 1) revision = revisionOf(field.bytes);
    else if (field.number === 3) created = field.int !== 0;
    else if (field.number === 4) canceled = field.int !== 0;
    else if (field.number === 5) compactRevision = field.int;
    else if (field.number === 6) cancelReason = textOf(field);
    else if (field.number === 11) events.push(decodeEvent(field.bytes));
  }
  return { revision, created, canceled, compactRevision, cancelReason, events };
}
