import { batch, computed, signal } from '@preact/signals';
import type { ManagerStatus } from '../../protocol/manager-status.js';
import type { ListedCluster, ListedNode } from '../../protocol/operator-responses.js';
import { ApiError } from '../api/api-error.js';
import { list } from '../worker/list.js';
import type { Listing } from '../worker/messages.js';
import { skew } from './clock.js';
import { identify, noted } from './connection.js';
import { forever, Pause } from './loop.js';
import { notices } from './notices.js';
import { whoami } from './session.js';
import { listWorker } from './workers.js';

/** Everything that the manager lists, as it was last read; undefined until it was read. */
export const fleet = signal<Listing | undefined>(undefined);
/** Why it could not be read, for another reason than an outage or a missing token. */
export const fleetError = signal<ApiError | undefined>(undefined);

/** Responses per second since the read before, and how many of them were errors. */
export const rates = signal<{ readonly requests: number; readonly errors: number } | undefined>(undefined);

export const clusterNamed = (name: string): ListedCluster | undefined =>
  fleet.value?.clusters.find(({ cluster }) => cluster === name);

/** Nodes by cluster. */
export const nodesByCluster = computed(() => {
  const byCluster = new Map<string, ListedNode[]>();
  for (const node of fleet.value?.nodes ?? []) {
    const nodes = byCluster.get(node.cluster);
    if (nodes === undefined) byCluster.set(node.cluster, [node]);
    else nodes.push(node);
  }
  return byCluster;
});

const interval = 2_000;
/** A large fleet is read less often: reading takes at most one part in this many of the time. */
const share = 8;
const pause = new Pause();

/** Reads everything again soon. */
export function refreshFleet(): void {
  pause.end();
}

export function followFleet(): void {
  // What a hidden tab shows is old.
  document.addEventListener('visibilitychange', refreshFleet);
  void forever(async (signal) => {
    const begin = performance.now();
    try {
      // What the token permits is not known after a start and after a sign-in.
      await Promise.all([whoami.value === undefined ? identify() : undefined, readFleet(signal)]);
      fleetError.value = undefined;
    } catch (cause) {
      if (signal.aborted) throw cause;
      const error = ApiError.from(cause);
      if (!error.isOutage && error.status !== 401) fleetError.value = error;
      throw cause;
    }
    await pause.for(Math.max(interval, share * (performance.now() - begin)));
  });
}

async function readFleet(signal: AbortSignal): Promise<void> {
  // The page reads the first listing itself, because a worker takes time to start. Later ones must not delay typing.
  const listing = fleet.value === undefined ? await noted(list) : await listWorker.call('list', {});
  if (signal.aborted) return;
  const before = fleet.value;
  batch(() => {
    skew.value = listing.status.now - Date.now();
    rates.value = before && ratesBetween(before, listing.status);
    fleet.value = listing;
    if (before !== undefined) compare(before, listing);
  });
}

function ratesBetween(
  before: Listing,
  status: ManagerStatus,
): { requests: number; errors: number } | undefined {
  const seconds = (status.now - before.status.now) / 1_000;
  if (before.status.manager.id !== status.manager.id || seconds <= 0) return undefined;
  const [earlier, later] = [totals(before.status), totals(status)];
  if (earlier === undefined || later === undefined) return undefined;
  return {
    requests: (later.requests - earlier.requests) / seconds,
    errors: (later.errors - earlier.errors) / seconds,
  };
}

function totals({ requests }: ManagerStatus): { requests: number; errors: number } | undefined {
  if (requests === undefined) return undefined;
  const counts = Object.values(requests).flatMap((each) => Object.entries(each));
  const sum = (each: readonly (readonly [string, number])[]) =>
    each.reduce((total, [, count]) => total + count, 0);
  return { requests: sum(counts), errors: sum(counts.filter(([status]) => Number(status) >= 500)) };
}

/** Reports what the reader must know: another manager, or another history of a cluster. */
function compare(before: Listing, { clusters, status }: Listing): void {
  if (before.status.manager.id !== status.manager.id)
    notices.add('another manager process responds now: everything was read again');
  const epochs = new Map(before.clusters.map(({ cluster, epoch }) => [cluster, epoch]));
  for (const { cluster, epoch } of clusters) {
    const earlier = epochs.get(cluster);
    if (earlier !== undefined && earlier !== epoch)
      notices.add(`cluster ${JSON.stringify(cluster)} has another history now: its versions were read again`);
  }
}
