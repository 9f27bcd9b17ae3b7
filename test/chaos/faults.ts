import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from './nemesis/fault.js';
import { neighbourFaults } from './nemesis/neighbours.js';
import { networkFaults } from './nemesis/network.js';
import { processFaults } from './nemesis/processes.js';
import { storeFaults } from './nemesis/stores.js';
import { NetworkNamespace } from './world/network-namespace.js';
import { obstacleTo } from './world/privileges.js';
import { SmallDisk } from './world/small-disk.js';

/** Every kind of fault that there is. */
export const allFaults: readonly Fault[] = [
  ...processFaults,
  ...networkFaults,
  ...storeFaults,
  ...neighbourFaults,
];

/** What this machine lets us do, and, where it does not, why. */
export interface Ability {
  readonly smallDisk: boolean;
  readonly namespace: boolean;
  readonly obstacles: readonly string[];
}

/** Tries what needs privileges. */
export async function findAbility(): Promise<Ability> {
  const disk = await obstacleTo(tryDisk);
  const namespace = await obstacleTo(async () => (await NetworkNamespace.create()).remove());
  const obstacles = [
    ...(disk === undefined ? [] : [`disk-full: a tmpfs can not be mounted here: ${disk}`]),
    ...(namespace === undefined ? [] : [`link-down: no network namespace can be made here: ${namespace}`]),
  ];
  return { smallDisk: disk === undefined, namespace: namespace === undefined, obstacles };
}

async function tryDisk(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-chaos-disk-'));
  try {
    const disk = await SmallDisk.mount(dir, 1);
    await disk.unmount();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
