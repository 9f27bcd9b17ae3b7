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

/** Responses carry the revision, some also whether something was stored. */
const withRevision = <In, Out extends { readonly revision: number; readonly succeeded?: boolean }>(
  method: GrpcMethod<In, Out>,
): GrpcMethod<In, Out> => ({
  ...method,
  tells: ({ revision, succeeded = false }) => ({ revision, isStored: succeeded }),
});

/** The methods of etcd's API that are used. */
export const etcd = {
  range: withRevision(method('KV/Range', encodeRange, decodeRange)),
  txn: withRevision(method('KV/Txn', encodeTxn, decodeTxn)),
  compact: method('KV/Compact', encodeCompaction, decodeNothing),
  watch: withRevision(method('Watch/Watch', encodeWatch, decodeWatch)),
  leaseGrant: method('Lease/LeaseGrant', encodeLeaseGrant, decodeNothing),
  authenticate: method('Auth/Authenticate', encodeAuthenticate, decodeAuthenticate),
  alarm: method('Maintenance/Alarm', encodeAlarm, decodeAlarm),
} as const;
