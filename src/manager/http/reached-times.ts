import type { Clock } from '../../clock.js';
import type { Manager } from '../manager.js';

/** Versions of each cluster that are remembered. */
const most = 50;

/** Keeps for the dashboard when the last node had a version. It is unknown for a version that was not measured. */
export class ReachedTimes {
  readonly #clock: Clock;
  readonly #times = new Map<string, Map<number, number>>();

  constructor({ clock }: Pick<Manager, 'clock'>) {
    this.#clock = clock;
  }

  /** Follows the versions of the manager, besides what already follows them. */
  follow(manager: Manager): void {
    const { onSpread } = manager;
    manager.onSpread = (ms, measured) => {
      onSpread?.(ms, measured);
      if (measured.isComplete) this.#note(measured.cluster, measured.version);
    };
  }

  /** Milliseconds since 1970; undefined if it is not known. */
  of(cluster: string, version: number): number | undefined {
    return this.#times.get(cluster)?.get(version);
  }

  #note(cluster: string, version: number): void {
    const times = this.#times.get(cluster) ?? new Map<number, number>();
    this.#times.set(cluster, times.set(version, this.#clock.now()));
    const [oldest] = times.keys();
    if (times.size > most && oldest !== undefined) times.delete(oldest);
  }
}
