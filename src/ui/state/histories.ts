import { signal } from '@preact/signals';
import { type ListedVersion, readHistory } from '../../protocol/operator-responses.js';
import { paths } from '../../protocol/routes.js';
import { ApiError } from '../api/api-error.js';
import { askJson } from './connection.js';
import { clusterNamed } from './fleet.js';

/** The kept versions of a cluster, or why they could not be read. */
export interface History {
  /** The version and epoch for which it was read. */
  readonly of: string;
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
  const wanted = `${listed.epoch} ${listed.version ?? 0}`;
  if (known?.of !== wanted && reading.get(cluster) !== wanted) {
    reading.set(cluster, wanted);
    // Not while a component is being rendered.
    queueMicrotask(() => void read(cluster, wanted));
  }
  return known;
}

/** Reads a history again after an error. */
export function retryHistory(cluster: string): void {
  reading.delete(cluster);
  const others = new Map(histories.value);
  others.delete(cluster);
  histories.value = others;
}

async function read(cluster: string, of: string): Promise<void> {
  const before = histories.value.get(cluster)?.versions ?? [];
  let found: History;
  try {
    found = {
      of,
      versions: await askJson(paths.history(cluster), (json) => readHistory(json, 'the manager')),
    };
  } catch (cause) {
    const error = ApiError.from(cause);
    // The next read of the fleet asks again.
    if (error.isOutage || error.status === 401) {
      reading.delete(cluster);
      return;
    }
    found = { of, versions: before, error };
  }
  reading.delete(cluster);
  histories.value = new Map(histories.value).set(cluster, found);
}
