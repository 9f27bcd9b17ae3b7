import { checkMethods, optionsCheck, optionsOf } from '../check-options.js';
import { type Clock, systemClock } from '../clock.js';
import { CfluxError } from '../errors.js';
import { maxPollWait, nodeTimeToLive } from '../protocol/times.js';
import { type Random, systemRandom } from '../random.js';
import { clock as clockKind, func, number, objectWith } from '../value-kinds.js';
import type { Audit } from './audit.js';
import { defaultLimits, type Limits } from './limits.js';
import type { ManagerStore } from './manager-store.js';
import { defaultConflictHold } from './pushes/reservations.js';

/** Options of a `Manager`. */
export interface ManagerOptions {
  /** Storage for versions and nodes. The manager opens and closes it. */
  readonly store: ManagerStore;
  /** Milliseconds for which a node counts as alive after its last heartbeat. Default: 15,000. */
  readonly nodeTtl?: number;
  /** The longest hold of a poll, in milliseconds; at most 300,000, which is the default. */
  readonly maxPollWait?: number;
  /**
   * How long other pushes wait for the next push of a requester that lost a conflict, in milliseconds; 0 disables reservations. A
   * requester that took longer last time gets twice that time. At most 2,000. Default: 250.
   */
  readonly conflictHold?: number;
  /** Number of versions of each cluster to keep. Default: 10. */
  readonly keepVersions?: number;
  /** Limits on the input; each has a default. */
  readonly limits?: Partial<Limits>;
  /** Called for every change, after it is stored. */
  readonly audit?: Audit;
  readonly clock?: Clock;
  readonly random?: Random;
}

const storeMethods = ['open', 'close'];

const checkOptions = optionsCheck<ManagerOptions>('Manager', {
  store: objectWith(...storeMethods),
  nodeTtl: number,
  maxPollWait: number,
  conflictHold: number,
  keepVersions: number,
  limits: optionsOf<Limits>('limits', {
    snapshotBytes: number,
    bodyBytes: number,
    offerBytes: number,
    heldPolls: number,
    heldPushes: number,
    clusters: number,
    nodes: number,
  }),
  audit: func,
  clock: clockKind,
  random: func,
});

/** Options with their defaults. */
export type ManagerSettings = Required<Omit<ManagerOptions, 'store' | 'audit' | 'limits'>> & {
  readonly limits: Limits;
};

/** @throws CfluxError `INVALID_OPTION` */
export const managerSettings = (options: ManagerOptions): ManagerSettings => {
  checkOptions(options);
  if (options.store === undefined) checkMethods('option store of Manager', options.store, storeMethods);
  return settingsOf(options);
};

const settingsOf = (options: ManagerOptions): ManagerSettings => ({
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
  throw new CfluxError('INVALID_OPTION', `invalid ${name}: ${value} is not above 0`);
}
