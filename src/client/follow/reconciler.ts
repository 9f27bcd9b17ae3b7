import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import { noVersion } from '../../protocol/version.js';
import type { Random } from '../../random.js';
import type {
  CallOptions,
  EpochMismatch,
  Snapshot,
  SnapshotDelta,
  Transport,
} from '../../transport/transport.js';
import { classify, positionOf } from '../local/position.js';
import type { Replica } from '../local/replica.js';
import type { Emit } from '../observe/events.js';
import type { StateMachine } from '../state.js';
import { ClusterGuard } from './cluster-guard.js';
import { HistoryPace } from './history-pace.js';
import { readDelta } from './read-delta.js';
import { Seeder } from './seeder.js';
import { SnapshotFetcher } from './snapshot-fetcher.js';
import type { Staleness } from './staleness.js';
import { TakeOver } from './take-over.js';

export interface ReconcilerParts<M> {
  readonly replica: Replica<M>;
  readonly transport: Transport;
  readonly cluster: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: Emit;
  readonly state: StateMachine;
  readonly staleness: Staleness;
  /** Called each time that another cluster's metadata was refused. */
  readonly onForeign: (error: CfluxError) => void;
}

/**
 * Handles responses of the manager: adopts newer metadata, seeds an empty cluster, and follows or refuses another history (R11). Its
 * methods are called by one writer at a time (R1).
 */
export class Reconciler<M> {
  readonly #cluster: string;
  readonly #replica: Replica<M>;
  readonly #state: StateMachine;
  readonly #staleness: Staleness;
  readonly #fetcher: SnapshotFetcher<M>;
  readonly #seeder: Seeder<M>;
  readonly #guard: ClusterGuard<M>;
  readonly #takeOver: TakeOver<M>;
  readonly #pace: HistoryPace;

  constructor(parts: ReconcilerParts<M>) {
    this.#cluster = parts.cluster;
    this.#replica = parts.replica;
    this.#state = parts.state;
    this.#staleness = parts.staleness;
    this.#fetcher = new SnapshotFetcher(parts);
    this.#seeder = new Seeder({ ...parts, fetcher: this.#fetcher });
    this.#guard = new ClusterGuard(parts);
    this.#takeOver = new TakeOver(parts);
    this.#pace = new HistoryPace(parts.clock, parts.random);
  }

  /** Fetches the newest metadata, or seeds an empty cluster with this node's. Returns whether the node changed. */
  async catchUp(limits: CallOptions): Promise<boolean> {
    const hasChanged = await this.#catchUp(limits);
    this.#staleness.confirm();
    return hasChanged;
  }

  async #catchUp(limits: CallOptions): Promise<boolean> {
    const isJoining = this.#replica.position.version === noVersion;
    const answer = await this.#fetcher.fetchNewer(limits);
    if (answer.kind === 'snapshot' || answer.kind === 'delta') return this.apply(answer, limits);
    if (answer.kind === 'epochMismatch') return this.onEpochMismatch(answer, limits);
    if (isJoining) return this.#seed(answer.epoch, limits);
    return false;
  }

  /**
   * Applies the version in a response to a request that began at the current position. A delta that cannot be used is replaced by a
   * snapshot (R29). Returns whether the node changed.
   */
  apply(answer: Snapshot | SnapshotDelta, limits: CallOptions): Promise<boolean> {
    return this.#adopting(() =>
      answer.snapshot === undefined ? this.#applyDelta(answer, limits) : this.#applyClassified(answer),
    );
  }

  async #applyDelta(answer: SnapshotDelta, limits: CallOptions): Promise<boolean> {
    const { position, deltaBase, acceptsDelta } = this.#replica;
    // Everything else is for a snapshot to clarify.
    const isExpected =
      acceptsDelta && position.epoch === answer.epoch && classify(position, answer) === 'newer';
    const data = deltaBase && isExpected ? readDelta(deltaBase, answer) : undefined;
    if (data === undefined) {
      this.#replica.distrustDeltas();
      return this.catchUp(limits);
    }
    await this.#takeOver.run(data, answer, 'newer');
    return true;
  }

  async #applyClassified(answer: Snapshot): Promise<boolean> {
    const { position, unconfirmed, clusterId } = this.#replica;
    const classification = classify(position, answer);
    if (classification === 'otherHistory') return this.#follow(answer);
    const data = await this.#takeOver.decode(answer);
    // If one side has no epochs and mutations, compare the metadata itself.
    const isNamed = position.epoch !== undefined && answer.epoch !== undefined;
    if (classification === 'same') {
      if (!isNamed && !equalMetadata(data, await this.#replica.accepted())) return this.#follow(answer);
      if (position.epoch === undefined && answer.epoch !== undefined)
        await this.#replica.rename(positionOf(answer));
      return false;
    }
    const isJoining = position.version === noVersion;
    const isChecked = isJoining ? clusterId !== undefined : !isNamed;
    if (isChecked) this.#guard.check(data, answer);
    const joined = unconfirmed ? 'unconfirmed' : 'joined';
    await this.#takeOver.run(data, answer, isJoining ? joined : 'newer');
    return true;
  }

  /** Handles a manager with another `epoch`: follows it, or offers the node's metadata to a manager without data. */
  onEpochMismatch({ epoch, version }: Omit<EpochMismatch, 'kind'>, limits: CallOptions): Promise<boolean> {
    return this.#adopting(async () => {
      const answer = version === noVersion ? undefined : await this.#fetcher.fetchNewest(epoch, limits);
      return answer ? this.#follow(answer) : this.#seed(epoch, limits);
    });
  }

  /** Replaces the node's metadata with the manager's, by decision of the operator. */
  async adopt(limits: CallOptions): Promise<void> {
    const answer = await this.#fetcher.fetchNewest(undefined, limits);
    if (!answer) {
      throw new CfluxError(
        'CLUSTER_NOT_FOUND',
        `the manager has no metadata of cluster ${this.#cluster} to adopt`,
      );
    }
    await this.#takeOver.run(await this.#takeOver.decode(answer), answer, 'adopted');
    this.#state.enter('online');
  }

  /** Makes the node's metadata the cluster's next version, by decision of the operator. */
  reseed(limits: CallOptions): Promise<void> {
    return this.#seeder.reseed(limits);
  }

  /** Marks the node as stale if `adopt` fails: another push from its version would only conflict again (R8). */
  async #adopting(adopt: () => Promise<boolean>): Promise<boolean> {
    try {
      return await adopt();
    } catch (error) {
      this.#staleness.mark();
      throw error;
    }
  }

  async #seed(epoch: string | undefined, limits: CallOptions): Promise<boolean> {
    const isJoining = this.#replica.position.version === noVersion;
    const first = await this.#seeder.seed(epoch, limits);
    if (first === undefined) return true;
    return isJoining ? this.apply(first, limits) : this.#follow(first);
  }

  /** Handles another history: follows that of the same cluster, with a backup, and refuses that of another cluster (R11). */
  async #follow(answer: Snapshot): Promise<boolean> {
    const data = await this.#takeOver.decode(answer);
    this.#guard.check(data, answer);
    this.#pace.check();
    await this.#takeOver.run(data, answer, 'epoch-changed');
    this.#pace.changed();
    return true;
  }
}
