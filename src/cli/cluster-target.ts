import { sleep } from '../async/sleep.js';
import { sendPush } from '../client/commit/classify-push.js';
import { tooLate, unknownOutcome } from '../client/commit/push-outcome.js';
import { type Clock, systemClock } from '../clock.js';
import { CfluxError } from '../errors.js';
import type { QueryTarget } from '../influxql/index.js';
import { decodeMetadata } from '../meta/codec/decode-metadata.js';
import { encodeMetadata } from '../meta/codec/encode-metadata.js';
import { equalMetadata } from '../meta/equal-metadata.js';
import { LocalMetaClient } from '../meta/local-meta-client.js';
import type { MetaData } from '../meta/records.js';
import { noVersion } from '../protocol/version.js';
import { randomUuid, systemRandom } from '../random.js';
import type { Snapshot, Transport } from '../transport/transport.js';
import { checkAdministrators } from './administrators.js';

/** Which cluster is changed, and what may be done to it. */
export interface ClusterTargetOptions {
  readonly transport: Transport;
  readonly cluster: string;
  /** Whether a cluster without any version gets its first one. */
  readonly createCluster: boolean;
  /** Whether a change may remove the last administrator. */
  readonly allowNoAdmin: boolean;
  /** Milliseconds that one change may take, all its rounds together. */
  readonly timeout: number;
  readonly clock?: Clock;
}

/** A version of the metadata, decoded; version 0 is that of a cluster without data. */
interface Base extends Omit<Snapshot, 'snapshot'> {
  readonly data: MetaData;
}

const nothing: Omit<Base, 'data'> = { version: noVersion };

/** The longest of the polls, in milliseconds, in which the end of a collection of offers is awaited. */
const maxWait = 5_000;

/**
 * Changes a cluster as a `CfluxClient` does, without becoming a member: a change is made on the newest metadata, pushed with a version
 * check, and made again where somebody else was first. What fails, or changes nothing, on metadata that may be old is judged again on
 * the newest (R4).
 */
export class ClusterTarget implements QueryTarget {
  readonly #options: ClusterTargetOptions;
  readonly #clock: Clock;
  #base: Base | undefined;

  constructor(options: ClusterTargetOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** The version that was read or made last; 0: none. */
  get version(): number {
    return this.#base?.version ?? noVersion;
  }

  /** The newest metadata. @throws CfluxError `CLUSTER_EMPTY` */
  async data(): Promise<MetaData> {
    const base = await this.#newest(this.#clock.monotonic() + this.#options.timeout);
    return base.data;
  }

  async mutate<T>(operation: (meta: LocalMetaClient) => T | Promise<T>): Promise<T> {
    const deadline = this.#clock.monotonic() + this.#options.timeout;
    let isNewest = this.#base === undefined;
    for (let lost = 0; ; lost++) {
      const base = this.#base ?? (await this.#newest(deadline));
      const attempt = await this.#attempt(base, operation);
      if (attempt.changed !== undefined) {
        if (this.#clock.monotonic() > deadline) throw tooLate(lost);
        if (await this.#push(base, attempt.changed, deadline)) return attempt.result();
        // What takes the place of `base` came in response to this push.
        isNewest = true;
      } else if (isNewest || (await this.#newest(deadline)) === base) return attempt.result();
      else isNewest = true;
    }
  }

  /** Makes the change on `base`; `changed`: the metadata that came out, if it is another. */
  async #attempt<T>(
    base: Base,
    operation: (meta: LocalMetaClient) => T | Promise<T>,
  ): Promise<{ readonly changed?: MetaData; readonly result: () => T }> {
    const meta = new LocalMetaClient({ data: base.data });
    try {
      const result = await operation(meta);
      const data = meta.data();
      if (equalMetadata(base.data, data)) return { result: () => result };
      if (!this.#options.allowNoAdmin) checkAdministrators(base.data, data);
      return { changed: data, result: () => result };
    } catch (error) {
      return {
        result: () => {
          throw error;
        },
      };
    }
  }

  /** Whether `data` became the version after `base`. If not, the change is to be made again, on what is newer. */
  async #push(base: Base, data: MetaData, deadline: number): Promise<boolean> {
    const { transport, cluster } = this.#options;
    const { version, epoch } = base;
    const [snapshot, mutation] = [encodeMetadata(data), randomUuid(systemRandom)];
    const outcome = await sendPush(
      transport,
      { cluster, version, epoch, snapshot, mutation },
      { ...this.#limits(deadline), base },
    );
    if (outcome.kind === 'stored') {
      this.#base = { ...outcome.position, data };
      return true;
    }
    if (outcome.mayBeStored) throw unknownOutcome(outcome.kind === 'failed' ? outcome.error : undefined);
    // A manager that collects offers refused it, and what they bring comes first.
    if (outcome.kind === 'failed') await this.#rest(outcome.error, deadline);
    this.#base = outcome.kind === 'conflict' ? decoded(outcome.newest) : undefined;
    return false;
  }

  /** The newest version; the one that is known already if that is it. */
  async #newest(deadline: number): Promise<Base> {
    const { transport, cluster } = this.#options;
    for (let wait = 0; ; ) {
      const known = this.#base;
      // A version 0 belongs to no history: naming one would make a manager without data look for it among its nodes.
      const { version, epoch, mutation } = known?.version === noVersion ? nothing : (known ?? nothing);
      const answer = await transport.poll(
        { cluster, version, epoch, mutation, wait },
        this.#limits(deadline, wait),
      );
      if (answer.kind === 'snapshot') {
        this.#base = decoded(answer);
        return this.#base;
      }
      if (answer.kind === 'unchanged') {
        if (version !== noVersion && known !== undefined) return known;
        if (answer.retryAfter === undefined && wait === 0) return this.#empty(answer.epoch);
      } else this.#base = undefined;
      // Its nodes bring back what a manager lost: their metadata comes first. Another look follows each wait.
      const remaining = deadline - this.#clock.monotonic();
      if (remaining <= 0) throw stillCollecting();
      wait = wait === 0 && answer.kind === 'unchanged' ? Math.min(maxWait, remaining) : 0;
    }
  }

  /** The metadata that the cluster begins with. */
  #empty(epoch: string | undefined): Base {
    const { cluster, createCluster } = this.#options;
    if (!createCluster) throw clusterEmpty(cluster);
    const data = this.#base?.version === noVersion ? this.#base.data : new LocalMetaClient().data();
    this.#base = { version: noVersion, epoch, data };
    return this.#base;
  }

  /** Waits as long as the manager asks for; throws what is no reason to wait. */
  async #rest(error: CfluxError, deadline: number): Promise<void> {
    const { code, retryAfter = 0 } = error;
    if (code !== 'UNAVAILABLE') throw error;
    const remaining = deadline - this.#clock.monotonic();
    if (remaining <= 0) throw stillCollecting();
    await sleep(this.#clock, Math.min(Math.max(retryAfter, 100), remaining));
  }

  #limits(deadline: number, wait = 0): { readonly timeout: number } {
    return { timeout: Math.max(1_000, deadline - this.#clock.monotonic()) + wait };
  }
}

const decoded = ({ snapshot, ...position }: Snapshot): Base => {
  const { version, epoch, mutation } = position;
  return { version, epoch, mutation, data: decodeMetadata(snapshot) };
};

const clusterEmpty = (cluster: string) =>
  new CfluxError(
    'CLUSTER_EMPTY',
    `the manager has no metadata of cluster ${JSON.stringify(cluster)}: if its manager lost its data, start the nodes, which bring it back; for a new cluster say --create-cluster`,
  );

const stillCollecting = () =>
  new CfluxError(
    'UNAVAILABLE',
    'the manager lost its data and still collects what the nodes have; nothing was changed: try again',
    { retryable: true, outcome: 'notApplied' },
  );
