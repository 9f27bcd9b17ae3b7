import { decodeAlarm, decodeAuthenticate, encodeAlarm, encodeAuthenticate } from './admin-messages.js';
import type { GrpcMethod } from './grpc.js';
import {
  decodeNothing,
  decodeRange,
  decodeTxn,
  encodeCompaction,
  encodeRange,
  encodeTxn,
} from './kv-messages.js';
import { encodeLeaseGrant } from './lease-messages.js';
import { decodeWatch, encodeWatch } from './watch-messages.js';

const method = <In, Out>(
  name: string,
  encode: (request: In) => Buffer,
  decode: (message: Uint8Array) => Out,
): GrpcMethod<In, Out> => ({ path: `/etcdserverpb.${name}`, encode, decode });

/** What is used of etcd's API. */
export const etcd = {
  range: method('KV/Range', encodeRange, decodeRange),
  txn: method('KV/Txn', encodeTxn, decodeTxn),
  compact: method('KV/Compact', encodeCompaction, decodeNothing),
  watch: method('Watch/Watch', encodeWatch, decodeWatch),
  leaseGrant: method('Lease/LeaseGrant', encodeLeaseGrant, decodeNothing),
  authenticate: method('Auth/Authenticate', encodeAuthenticate, decodeAuthenticate),
  alarm: method('Maintenance/Alarm', encodeAlarm, decodeAlarm),
} as const;
