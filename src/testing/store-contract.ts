import assert from 'node:assert/strict';
import type { Clock } from '../clock.js';
import type { ManagerStore, StoreContext } from '../manager/index.js';
import { systemRandom } from '../random.js';
import type { ContractCheck } from './contract.js';
import { ManualClock } from './manual-clock.js';
import type { Bench, Checks } from './store-checks/bench.js';
import { commitChecks } from './store-checks/commits.js';
import { dropOrderChecks } from './store-checks/drop-orders.js';
import { nodeChecks } from './store-checks/nodes.js';
import { wordChecks } from './store-checks/progress.js';
import { sharingChecks } from './store-checks/sharing.js';
import { versionChecks } from './store-checks/versions.js';

/** The storage of one check. */
export interface StorePlace {
  /** Opens a store on this storage, as another process would. */
  connect(): ManagerStore | Promise<ManagerStore>;
  /** Removes the storage. */
  destroy?(): Promise<void> | void;
}

/** The store to check. */
export interface StoreSubject {
  /** Creates an empty storage for each check. */
  place(): StorePlace | Promise<StorePlace>;
  /** For a store that expires nodes by real time: waits this many milliseconds. If absent, time is simulated. */
  readonly pass?: (ms: number) => Promise<void>;
  /** The clock to use with `pass`. */
  readonly clock?: Clock;
  /** A node's time to live in the checks, in milliseconds. Default: 15,000. */
  readonly nodeTtl?: number;
}

const checks: Checks = {
  ...commitChecks,
  ...versionChecks,
  ...dropOrderChecks,
  ...nodeChecks,
  ...wordChecks,
  ...sharingChecks,
};

/**
 * The checks that every {@link ManagerStore} must pass, for any test runner.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest';
 *
 * const place = () => {
 *   const store = new MemoryStore();
 *   return { connect: () => store.share() };
 * };
 * describe('MemoryStore', () => {
 *   for (const { name, run } of storeContract({ place })) it(name, run);
 * });
 * ```
 */
export function storeContract(subject: StoreSubject): readonly ContractCheck[] {
  return Object.entries(checks).map(([name, check]) => ({ name, run: () => runCheck(subject, check) }));
}

async function runCheck(subject: StoreSubject, check: (bench: Bench) => Promise<void>): Promise<void> {
  const manual = new ManualClock();
  const context: StoreContext = {
    clock: subject.clock ?? manual,
    random: systemRandom,
    nodeTtl: subject.nodeTtl ?? 15_000,
    keepVersions: 10,
    mutationMemory: 600_000,
    maxNodes: 25,
  };
  const place = await subject.place();
  const stores: ManagerStore[] = [];
  const another = async () => {
    const store = await place.connect();
    stores.push(store);
    await store.open(context);
    return store;
  };
  try {
    const store = await another();
    await check({ context, store, another, pass: subject.pass ?? ((ms) => manual.advance(ms)) });
  } finally {
    for (const store of stores) await store.close();
    await place.destroy?.();
  }
  assert.equal(manual.timers, 0, 'no timer is left after close');
}
