import { signal } from '@preact/signals';
import type { Blamed } from '../worker/messages.js';
import { clusterNamed } from './fleet.js';
import { historyOf } from './histories.js';
import { call } from './metadata.js';

export interface FoundBlame {
  /** Undefined: older than the kept versions. */
  readonly version?: number | undefined;
  /** The version before it. */
  readonly older?: number | undefined;
}

const known = signal<ReadonlyMap<string, FoundBlame>>(new Map());
const most = 5_000;

/** Items of one history whose blame is asked for together, at the end of the turn. */
interface Batch {
  readonly cluster: string;
  readonly epoch: string;
  readonly kept: readonly number[];
  readonly items: Map<string, Blamed>;
}

const batches = new Map<string, Batch>();
const asked = new Set<string>();

/** Returns which kept version last touched the item; undefined: not known yet. */
export function blameOf(cluster: string, item: Blamed): FoundBlame | undefined {
  const kept = historyOf(cluster)?.versions.map(({ version }) => version);
  const { epoch } = clusterNamed(cluster) ?? {};
  if (kept === undefined || epoch === undefined) return undefined;
  const of = JSON.stringify([cluster, epoch, kept[0], kept.at(-1)]);
  const key = `${of} ${JSON.stringify(item)}`;
  const found = known.value.get(key);
  if (found === undefined && !asked.has(key)) {
    asked.add(key);
    const batch = batches.get(of) ?? { cluster, epoch, kept, items: new Map() };
    batch.items.set(key, item);
    if (batches.size === 0) setTimeout(sendAll);
    batches.set(of, batch);
  }
  return found;
}

function sendAll(): void {
  for (const batch of batches.values()) void ask(batch);
  batches.clear();
}

async function ask({ cluster, epoch, kept, items }: Batch): Promise<void> {
  const keys = [...items.keys()];
  try {
    const found = await call('blame', { cluster, epoch, kept, items: [...items.values()] });
    const merged = new Map(known.value.size > most ? [] : known.value);
    keys.forEach((key, at) => {
      const version = found[at];
      merged.set(
        key,
        version === undefined || version === 'older'
          ? {}
          : { version, older: kept[kept.indexOf(version) + 1] },
      );
    });
    known.value = merged;
  } catch {
    // The view shows its own failure; the next history asks again.
  } finally {
    for (const key of keys) asked.delete(key);
  }
}
