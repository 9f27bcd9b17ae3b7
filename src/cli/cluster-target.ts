import { sleep } from '../async/sleep.js';
import { sendPush } from '../client/commit/classify-push.js';
import { type MutationTools, OrderedDrops, tooManyOrders } from '../client/commit/mutation-tools.js';
import { tooLate, unknownOutcome } from '../client/commit/push-outcome.js';
import { PushedMetadata } from '../client/commit/pushed-metadata.js';
import { notEverywhere, waitForNodes } from '../client/follow/wait-for-nodes.js';
import { type Clock, systemClock } from '../clock.js';
import { CfluxError } from '../errors.js';
import type { QueryTarget } from '../influxql/index.js';
import { checkAdministrators } from '../meta/administrators.js';
import { decodeMetadata } from '../meta/codec/decode-metadata.js';
import { encodesAs } from '../meta/codec/encodes-as.js';
import { equalMetadata } from '../meta/equal-metadata.js';
import { LocalMetaClient } from '../meta/local-meta-client.js';
import type { MetaData } from '../meta/records.js';
import type { DropsChange, NewDropOrder } from '../protocol/drop-orders.js';
import { noVersion } from '../protocol/version.js';
import type { WaitForNodesResult } from '../protocol/waiting-for-nodes.js';
import { randomUuid, systemRandom } from '../random.js';
import type { Snapshot, Transport } from '../transport/transport.js';

/** Which cluster is changed, and which changes are allowed. */
export interface ClusterTargetOptions {
  readonly transport: Transport;
  readonly cluster: string;
  /** Whether to make the first version of a cluster that has none. */
  readonly createCluster: boolean;
  /** Whether a change may remove the last administrator. */
  readonly allowNoAdmin: boolean;
  /** Milliseconds that one change may take, all rounds together. */
  readonly timeout: number;
  readonly clock?: Clock;
}

/** A version of the metadata, decoded; version 0 means a cluster without data. */
interface Base extends Omit<Snapshot, 'snapshot'> {
  readonly data: MetaData;
  /** Whether `data` encodes to the bytes of the manager, so that a delta from them can be pushed (R29). */
  readonly isExact: boolean;
}

const nothing: Omit<Base, 'data' | 'isExact'> = { version: noVersion };

/** Maximum wait of a poll for the end of an offer collection, in milliseconds. */
const maxWait = 5_000;

/**
 * Changes a cluster as a `CfluxClient` does, without becoming a member: a change is applied to the newest metadata, pushed with a
 * version check, and applied again after a conflict. A change that fails, or changes nothing, on metadata that may be stale is applied
 * again to the newest (R4).
 */
export class ClusterTarget implements QueryTarget {
  readonly #options: ClusterTargetOptions;
  readonly #clock: Clock;
  /** Identifies this command to the manager, which reserves the next push for it after a conflict (R26). */
  readonly #requester = randomUuid(systemRandom);
  #base: Base | undefined;
  #isOrderIgnored = false;

  constructor(options: ClusterTargetOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** The version that was read or made last; 0 if there is none. */
  get version(): number {
    return this.#base?.version ?? noVersion;
  }

  /** Whether drop orders were ignored, because the manager is older; the changes themselves were made. */
  get isOrderIgnored(): boolean {
    return this.#isOrderIgnored;
  }

  /**
   * Waits until all nodes that count have the version that was read or made last.
   *
   * @throws CfluxError `NOT_EVERYWHERE` that names the nodes behind
   */
  async waitForNodes(timeout: number): Promise<WaitForNodesResult> {
    const { transport, cluster } = this.#options;
    const parts = { transport, clock: this.#clock, random: systemRandom };
    try {
      return await waitForNodes(parts, { cluster, version: this.version, epoch: this.#base?.epoch, timeout });
    } catch (error) {
      throw notEverywhere(this.version, error);
    }
  }

  /** The newest metadata. @throws CfluxError `CLUSTER_EMPTY` */
  async data(): Promise<MetaData> {
    const base = await this.#newest(this.#clock.monotonic() + this.#options.timeout);
    return base.data;
  }

  /**
   * @param options `confirmed`: its drop orders confirm pending drops for all servers, which needs the scope `admin`
   */
  async mutate<T>(
    operation: (meta: LocalMetaClient, tools: MutationTools) => T | Promise<T>,
    options: { readonly confirmed?: true } = {},
  ): Promise<T> {
    const deadline = this.#clock.monotonic() + this.#options.timeout;
    let isNewest = this.#base === undefined;
    for (let lost = 0; ; lost++) {
      const base = this.#base ?? (await this.#newest(deadline));
      const attempt = await this.#attempt(base, operation);
      if (attempt.changed !== undefined) {
        if (this.#clock.monotonic() > deadline) throw tooLate(lost);
        const { changed: data, orders = [] } = attempt;
        const drops = orders.length === 0 ? undefined : { orders, ...options };
        if (await this.#push(base, { data, drops }, deadline)) return attempt.result();
        // The new `base` came in the response to this push.
        isNewest = true;
      } else if (isNewest || (await this.#newest(deadline)) === base) return attempt.result();
      else isNewest = true;
    }
  }

  /** Applies the change to `base`. `changed` is the resulting metadata if it differs. */
  async #attempt<T>(
    base: Base,
    operation: (meta: LocalMetaClient, tools: MutationTools) => T | Promise<T>,
  ): Promise<{
    readonly changed?: MetaData;
    readonly orders?: readonly NewDropOrder[];
    readonly result: () => T;
  }> {
    const meta = new LocalMetaClient({ data: base.data });
    const drops = new OrderedDrops();
    try {
      const result = await operation(meta, drops.tools);
      if (!drops.fitWith([])) throw tooManyOrders(drops.orders.length);
      const data = meta.data();
      const { orders } = drops;
      if (equalMetadata(base.data, data) && orders.length === 0) return { result: () => result };
      if (!this.#options.allowNoAdmin) checkAdministrators(base.data, data);
      return { changed: data, orders, result: () => result };
    } catch (error) {
      return {
        result: () => {
          throw error;
        },
      };
    } finally {
      drops.end();
    }
  }

  /** Resolves with whether `data` became the version after `base`. If not, the caller applies the change again to the newer version. */
  async #push(
    base: Base,
    { data, drops }: { readonly data: MetaData; readonly drops: DropsChange | undefined },
    deadline: number,
  ): Promise<boolean> {
    const { transport, cluster } = this.#options;
    const { version, epoch } = base;
    const pushed = new PushedMetadata(data, base.isExact ? base.data : undefined);
    const request = {
      cluster,
      version,
      epoch,
      mutation: randomUuid(systemRandom),
      requester: this.#requester,
      drops,
      get snapshot() {
        return pushed.snapshot;
      },
      get delta() {
        return pushed.delta;
      },
    };
    const outcome = await sendPush(transport, request, { ...this.#limits(deadline), base });
    if (outcome.kind === 'stored') {
      if (drops !== undefined && !outcome.hasDrops) this.#isOrderIgnored = true;
      this.#base = { ...outcome.position, data, isExact: true };
      return true;
    }
    if (outcome.mayBeStored) throw unknownOutcome(outcome.kind === 'failed' ? outcome.error : undefined);
    // A manager that collects offers refused the push, because the offers come first.
    if (outcome.kind === 'failed') await this.#rest(outcome.error, deadline);
    const newest = outcome.kind === 'conflict' ? outcome.newest : undefined;
    this.#base = newest?.snapshot === undefined ? undefined : decoded(newest);
    return false;
  }

  /** Returns the newest version; the known one if it is still the newest. */
  async #newest(deadline: number): Promise<Base> {
    const { transport, cluster } = this.#options;
    for (let wait = 0; ; ) {
      const known = this.#base;
      // Version 0 belongs to no history: an epoch would make a manager without data collect offers from its nodes.
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
      // The nodes offer the metadata that a manager lost, and their offers come first. Poll again after each wait.
      const remaining = deadline - this.#clock.monotonic();
      if (remaining <= 0) throw stillCollecting();
      wait = wait === 0 && answer.kind === 'unchanged' ? Math.min(maxWait, remaining) : 0;
    }
  }

  /** The metadata of a new cluster. */
  #empty(epoch: string | undefined): Base {
    const { cluster, createCluster } = this.#options;
    if (!createCluster) throw clusterEmpty(cluster);
    const data = this.#base?.version === noVersion ? this.#base.data : new LocalMetaClient().data();
    this.#base = { version: noVersion, epoch, data, isExact: false };
    return this.#base;
  }

  /** Waits for `Retry-After` of `error`; throws `error` if it is no reason to wait. */
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
  const data = decodeMetadata(snapshot);
  return { version, epoch, mutation, data, isExact: encodesAs(data, snapshot) };
};

const clusterEmpty = (cluster: string) =>
  new CfluxError(
    'CLUSTER_EMPTY',
    `the manager has no metadata of cluster ${JSON.stringify(cluster)}; start its nodes to restore lost data, or pass --create-cluster`,
  );

const stillCollecting = () =>
  new CfluxError(
    'UNAVAILABLE',
    'the manager lost its data and is collecting offers from the nodes; nothing was changed; retry later',
    { retryable: true, outcome: 'notApplied' },
  );
