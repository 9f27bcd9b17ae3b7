import { ProtoWriter } from './proto.js';

// etcdserverpb.Lease.

export interface LeaseGrant {
  readonly id: number;
  /** Seconds. */
  readonly ttl: number;
}

export const encodeLeaseGrant = ({ id, ttl }: LeaseGrant) =>
  new ProtoWriter().int64(1, ttl).int64(2, id).finish();
