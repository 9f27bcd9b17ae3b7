import { signal } from '@preact/signals';
import { type ListedVersion, readHistory } from '../../protocol/operator-responses.js';
import { paths } from '../../protocol/routes.js';
import { maxSpread } from '../../protocol/times.js';
import { ApiError } from '../api/api-error.js';
import { versionOf } from '../model/node-condition.js';
import { askJson } from './connection.js';
import { clusterNamed, fleet, nodesByCluster } from './fleet.js';

/** The kept versions of a cluster, or why they could not be read. */
export interface History {
  /** The epoch, the version, and the number of nodes at it, for which it was read. */
  readonly of: string;
  /** When the fleet was read that it was read after, by the manager's clock. */
  readonly after: number;
  /** Newest first. */
  readonly versions: readonly ListedVersion[];
  readonly error?: ApiError | undefined;
}

const histories = signal<ReadonlyMap<string, History>>(new Map());
const reading = new Map<string, string>();

/** Returns the history of a cluster as it is known, and reads it if it is old. Undefined: not known yet. */
export function historyOf(cluster: string): History | undefined {
  const listed = clusterNamed(cluster);
  const known = histories.value.get(cluster);
  if (listed === undefined) return known;
  const { epoch, version = 0 } = listed;
  // With the last node at the newest version, the history has the time that it took.
  const wanted = `${epoch} ${version} ${countAt(cluster, version)}`;
  const after = fleet.value?.status.now ?? 0;
  const isOld = known?.of !== wanted || (known.after < after && lacksTime(cluster, known));
  if (isOld && reading.get(cluster) !== wanted) {
    reading.set(cluster, wanted);
    // Not while a component is being rendered.
    queueMicrotask(() => void read(cluster, { of: wanted, after }));
  }
  return known;
}

const aliveNodes = (cluster: string) =>
  (nodesByCluster.value.get(cluster) ?? []).filter((node) => node.alive);

const countAt = (cluster: string, version: number): number =>
  aliveNodes(cluster).filter((node) => versionOf(node) === version).length;

/** Returns whether every node has the newest version, but the history lacks the time: the manager looks a moment after the last report. */
function lacksTime(cluster: string, { versions: [newest], error }: History): boolean {
  if (newest === undefined || newest.reachedAt !== undefined || error !== undefined) return false;
  const now = fleet.value?.status.now ?? 0;
  return (
    now - newest.at < maxSpread &&
    aliveNodes(cluster).every((node) => (versionOf(node) ?? newest.version) >= newest.version)
  );
}

/** Reads a history again after an error. */
export function retryHistory(cluster: string): void {
  reading.delete(cluster);
  const others = new Map(histories.value);
  others.delete(cluster);
  histories.value = others;
}

async function read(cluster: string, of: Pick<History, 'of' | 'after'>): Promise<void> {
  const before = histories.value.get(cluster)?.versions ?? [];
  let found: History;
  try {
    found = {
      ...of,
      versions: await askJson(paths.history(cluster), (json) => readHistory(json, 'the manager')),
    };
  } catch (cause) {
    const error = ApiError.from(cause);
    // The next read of the fleet asks again.
    if (error.isOutage || error.status === 401) {
      reading.delete(cluster);
      return;
    }
    found = { ...of, versions: before, error };
  }
  reading.delete(cluster);
  histories.value = new Map(histories.value).set(cluster, found);
}
