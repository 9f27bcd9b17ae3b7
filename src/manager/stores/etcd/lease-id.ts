import { createHash } from 'node:crypto';

/**
 * The lease of whatever `names` says, the same for every manager: a beat needs no look-up. Of 52 bits, for numbers are exact
 * up to there; among a million leases, two meet by chance once in nine thousand stores.
 */
export function leaseIdOf(...names: readonly (string | number)[]): number {
  const hash = createHash('sha256').update(JSON.stringify(names)).digest();
  return hash.readUIntBE(0, 6) * 16 + (hash.readUInt8(6) % 16) + 1;
}

/** Whole seconds of `ms`; etcd itself makes at least two of them. */
export const leaseSeconds = (ms: number) => Math.max(2, Math.ceil(ms / 1000));
