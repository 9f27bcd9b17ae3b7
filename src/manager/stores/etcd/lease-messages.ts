import { fieldsOf, ProtoWriter } from './proto.js';

// etcdserverpb.Lease.

export interface LeaseGrant {
  readonly id: number;
  /** Seconds. */
  readonly ttl: number;
}

export interface LeaseKept {
  readonly id: number;
  /** Seconds that it lives from now on; 0: there is no such lease. */
  readonly ttl: number;
}

export const encodeLeaseGrant = ({ id, ttl }: LeaseGrant) =>
  new ProtoWriter().int64(1, ttl).int64(2, id).finish();

/** Of a revocation and of a keep-alive alike. */
export const encodeLeaseId = (id: number) => new ProtoWriter().int64(1, id).finish();

export function decodeLeaseKept(message: Uint8Array): LeaseKept {
  let [id, ttl] = [0, 0];
  for (const field of fieldsOf(message)) {
    if (field.number === 2) id = field.int;
    else if (field.number === 3) ttl = field.int;
  }
  return { id, ttl };
}
