import type { RetentionPolicyInfo } from '../../meta/records.js';

/** The write limits of a retention policy that are stated. */
export type WriteLimits = Pick<RetentionPolicyInfo, 'futureWriteLimit' | 'pastWriteLimit'>;

/** Both write limits: the word of InfluxQL, and the field. */
export const writeLimits = [
  { limit: 'FUTURE', field: 'futureWriteLimit' },
  { limit: 'PAST', field: 'pastWriteLimit' },
] as const;

/** Returns the field of a write limit. */
export const fieldOf = (limit: 'FUTURE' | 'PAST'): keyof WriteLimits =>
  limit === 'FUTURE' ? 'futureWriteLimit' : 'pastWriteLimit';
