import { CfluxError } from '../../errors.js';

/** The pushes to each cluster that were begun and are not answered, those whose body is still on its way too (R24). */
export class PushCounts {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws `UNAVAILABLE`: the cluster has as many pushes under way as it may have. */
  async counting<T>(cluster: string, push: () => Promise<T>): Promise<T> {
    const count = this.#counts.get(cluster) ?? 0;
    if (count >= this.#most) throw tooManyPushes();
    this.#counts.set(cluster, count + 1);
    try {
      return await push();
    } finally {
      const left = (this.#counts.get(cluster) ?? 1) - 1;
      if (left === 0) this.#counts.delete(cluster);
      else this.#counts.set(cluster, left);
    }
  }
}

const tooManyPushes = () =>
  new CfluxError('UNAVAILABLE', 'too many pushes to this cluster are under way: retry', {
    retryable: true,
    outcome: 'notApplied',
    retryAfter: 1_000,
  });
