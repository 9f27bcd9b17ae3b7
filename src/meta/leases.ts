import { type Clock, systemClock } from '../clock.js';
import { CfluxError } from '../errors.js';
import type { Lease } from './records.js';

/**
 * Leases as in InfluxDB's meta nodes: each name has at most one owner at a time. They are not part of the metadata.
 *
 * @example
 * ```ts
 * const leases = new Leases(parseDuration('1m'));
 * console.log(leases.acquire('continuous_querier', 1n).owner); // 1
 * ```
 */
export class Leases {
  private readonly leases = new Map<string, Lease>();

  /** @param duration duration of a lease, in nanoseconds */
  constructor(
    private readonly duration: bigint,
    private readonly clock: Clock = systemClock,
  ) {}

  /**
   * Grants the lease to `owner`, or extends it, if it is free, expired, or already the owner's.
   *
   * @throws CfluxError `LEASE_HELD`; its cause is the current lease.
   */
  acquire(name: string, owner: bigint): Lease {
    const now = BigInt(Math.trunc(this.clock.now())) * 1_000_000n;
    const present = this.leases.get(name);
    if (present !== undefined && present.owner !== owner && now <= present.expiration) {
      throw new CfluxError('LEASE_HELD', 'another node has the lease', { cause: present });
    }
    const lease: Lease = { name, owner, expiration: now + this.duration };
    this.leases.set(name, lease);
    return lease;
  }
}
