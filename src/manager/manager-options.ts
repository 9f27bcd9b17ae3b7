import { type Clock, systemClock } from '../clock.js';
import { CfluxError } from '../errors.js';
import { maxPollWait, nodeTimeToLive } from '../protocol/times.js';
import { type Random, systemRandom } from '../random.js';
import type { Audit } from './audit.js';
import { defaultLimits, type Limits } from './limits.js';
import type { ManagerStore } from './manager-store.js';
import { defaultConflictHold } from './pushes/reservations.js';

/** How a {@link Manager} works. */
export interface ManagerOptions {
  /** Where versions and nodes are kept. The manager opens and closes it. */
  readonly store: ManagerStore;
  /** Milliseconds after its last heartbeat that a node is alive. Default: 15,000. */
  readonly nodeTtl?: number;
  /** The longest hold of a poll, in milliseconds; at most and by default 300,000. */
  readonly maxPollWait?: number;
  /**
   * How long others wait for the next push of a requester that lost, in milliseconds; 0: no turns. A requester that took longer last
   * time gets twice that time. At most 2,000. Default: 250.
   */
  readonly conflictHold?: number;
  /** How many versions of each cluster are kept. Default: 10. */
  readonly keepVersions?: number;
  /** What is taken at most. */
  readonly limits?: Partial<Limits>;
  /** Called for every change, once it is stored. */
  readonly audit?: Audit;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Options with their defaults. */
export type ManagerSettings = Required<Omit<ManagerOptions, 'store' | 'audit' | 'limits'>> & {
  readonly limits: Limits;
};

/** @throws CfluxError `INVALID_OPTION` */
export const managerSettings = (options: ManagerOptions): ManagerSettings => ({
  nodeTtl: positive('nodeTtl', options.nodeTtl ?? nodeTimeToLive),
  maxPollWait: Math.min(positive('maxPollWait', options.maxPollWait ?? maxPollWait), maxPollWait),
  conflictHold: options.conflictHold ?? defaultConflictHold,
  keepVersions: positive('keepVersions', options.keepVersions ?? 10),
  limits: { ...defaultLimits, ...options.limits },
  clock: options.clock ?? systemClock,
  random: options.random ?? systemRandom,
});

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new CfluxError('INVALID_OPTION', `${name} must be above 0`);
}
