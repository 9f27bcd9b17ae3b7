import { CfluxError } from '../../errors.js';

/** Counts the pushes to each cluster without a response so far, including those whose body is still arriving (R24). */
export class PushCounts {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws `UNAVAILABLE`: the cluster has reached its limit of pushes in progress. */
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
  new CfluxError('UNAVAILABLE', 'the cluster is overloaded: too many pushes are in progress; retry later', {
    retryable: true,
    outcome: 'notApplied',
    retryAfter: 1_000,
  });
