import type { ActivityEntry } from '../../protocol/activity.js';

/** What happened after a place in the log. */
export interface LoggedActivity {
  readonly seq: number;
  /** The log may lack changes after that place. */
  readonly missed: boolean;
  readonly entries: readonly ActivityEntry[];
  readonly clusters: readonly string[];
}

interface Logged {
  readonly seq: number;
  readonly cluster: string;
  /** Undefined: only that the cluster changed is known. */
  readonly entry?: ActivityEntry;
}

const most = 500;

/** The last changes that a manager made or noticed, in memory. */
export class ActivityLog {
  #seq = 0;
  readonly #logged: Logged[] = [];
  /** Changes up to this place may have been lost. */
  #lostUntil = 0;
  /** By cluster, the highest version whose push is in the log: the store reports pushes that this manager made itself, too. */
  readonly #pushed = new Map<string, number>();
  readonly #waiting = new Set<(cluster: string | undefined) => void>();

  add(entry: Omit<ActivityEntry, 'seq'>): void {
    const { action, cluster, version } = entry;
    if (action === 'delete-cluster') this.#pushed.delete(cluster);
    if (action === 'push' && version !== undefined) {
      if (version <= (this.#pushed.get(cluster) ?? 0)) return;
      this.#pushed.set(cluster, version);
    }
    this.#log({ cluster, entry: { seq: this.#seq + 1, ...entry } });
  }

  /** A cluster changed in a way that has no entry. */
  changed(cluster: string): void {
    this.#log({ cluster });
  }

  /** Any cluster may have changed. */
  lost(): void {
    this.#seq += 1;
    this.#lostUntil = this.#seq;
    this.#logged.length = 0;
    this.#pushed.clear();
    this.#wake(undefined);
  }

  /** @param maySee the clusters that the requester may see */
  after(place: number, maySee: (cluster: string) => boolean): LoggedActivity {
    const oldest = this.#logged[0]?.seq ?? this.#seq + 1;
    const missed = place > this.#seq || place < this.#lostUntil || (place > 0 && place < oldest - 1);
    const later = this.#logged.filter(({ seq, cluster }) => (missed || seq > place) && maySee(cluster));
    return {
      seq: this.#seq,
      missed,
      entries: later.flatMap(({ entry }) => entry ?? []),
      clusters: [...new Set(later.map(({ cluster }) => cluster))],
    };
  }

  /** Calls `onChange` with the cluster of each change; undefined: any. Returns the function that ends this. */
  watch(onChange: (cluster: string | undefined) => void): () => void {
    this.#waiting.add(onChange);
    return () => this.#waiting.delete(onChange);
  }

  #log(change: Omit<Logged, 'seq'>): void {
    this.#seq += 1;
    this.#logged.push({ seq: this.#seq, ...change });
    if (this.#logged.length > most) this.#logged.shift();
    this.#wake(change.cluster);
  }

  #wake(cluster: string | undefined): void {
    for (const onChange of this.#waiting) onChange(cluster);
  }
}
