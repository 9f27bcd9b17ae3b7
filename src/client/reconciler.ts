import { sleep } from '../async/sleep.js';
import type { Clock } from '../clock.js';
import { CfluxError, isCfluxError } from '../errors.js';
import { decodeMetadata } from '../meta/codec/decode-metadata.js';
import { encodeMetadata } from '../meta/codec/encode-metadata.js';
import { equalMetadata } from '../meta/equal-metadata.js';
import type { MetaData } from '../meta/records.js';
import { nodeTimeToLive } from '../protocol/times.js';
import { noVersion } from '../protocol/version.js';
import { type Random, randomUuid } from '../random.js';
import type {
  CallOptions,
  ForeignEpoch,
  PushRequest,
  PushResult,
  Snapshot,
  Transport,
} from '../transport/transport.js';
import { pauseAfterConflicts } from './backoff.js';
import type { Emit } from './events.js';
import { HistoryPace } from './history-pace.js';
import { judge, type Position } from './position.js';
import type { Replica } from './replica.js';
import type { StateMachine } from './state.js';

/** How long a manager may take to say that a cluster is empty; one that does not know `Prefer: wait=0` holds the poll instead. */
const emptyClusterTimeout = 3_000;

/**
 * Brings the node to what the manager has: adopts what is newer, seeds what is empty, and tells a manager that lost its
 * history from one that goes on with it (R11). Its methods are called by one writer at a time (R1).
 */
export class Reconciler<M> {
  readonly #replica: Replica<M>;
  readonly #transport: Transport;
  readonly #cluster: string;
  readonly #random: Random;
  readonly #emit: Emit;
  readonly #state: StateMachine;
  readonly #onForeign: (error: CfluxError) => void;
  readonly #clock: Clock;
  readonly #lastBeat: () => number | undefined;
  readonly #pace: HistoryPace;
  #refused: string | undefined;
  #stale = false;
  /** When the manager last said what is the newest, by the monotonic clock. */
  #confirmedAt = Number.NEGATIVE_INFINITY;
  #offered: { readonly data: MetaData; readonly mutation: string } | undefined;

  constructor(parts: {
    replica: Replica<M>;
    transport: Transport;
    cluster: string;
    random: Random;
    emit: Emit;
    state: StateMachine;
    clock: Clock;
    /** When the node last was known to live, by the monotonic clock. */
    lastBeat: () => number | undefined;
    /** Told each time another cluster's metadata was refused. */
    onForeign: (error: CfluxError) => void;
  }) {
    this.#replica = parts.replica;
    this.#transport = parts.transport;
    this.#cluster = parts.cluster;
    this.#random = parts.random;
    this.#emit = parts.emit;
    this.#state = parts.state;
    this.#clock = parts.clock;
    this.#lastBeat = parts.lastBeat;
    this.#pace = new HistoryPace(parts.clock, parts.random);
    this.#onForeign = parts.onForeign;
  }

  /** What the node has is out of date, or may be: it slept past its time to live (R10), or could not adopt something newer (R8). */
  get isStale(): boolean {
    const lastBeat = this.#lastBeat();
    if (this.#stale || lastBeat === undefined) return this.#stale;
    // Whoever wakes the process, a change may come before the heartbeat that notices.
    return this.#clock.monotonic() - Math.max(lastBeat, this.#confirmedAt) > nodeTimeToLive;
  }

  markStale(): void {
    this.#stale = true;
  }

  /** Fetches the newest metadata, or seeds an empty cluster with this node's. Whether anything changed here. */
  async catchUp(limits: CallOptions): Promise<boolean> {
    const changed = await this.#catchUp(limits);
    this.#stale = false;
    this.#confirmedAt = this.#clock.monotonic();
    return changed;
  }

  async #catchUp(limits: CallOptions): Promise<boolean> {
    const { position, nodeId } = this.#replica;
    const joining = position.version === noVersion;
    const request = {
      cluster: this.#cluster,
      // A manager that does not speak of epochs holds a poll for the version it has, whatever the wait: ask it for anything.
      version: position.epoch === undefined ? noVersion : position.version,
      wait: 0,
      epoch: position.epoch,
      mutation: position.mutation,
      nodeId,
    };
    const answer = joining
      ? await this.#transport
          .poll(request, {
            ...limits,
            timeout: Math.min(limits.timeout ?? emptyClusterTimeout, emptyClusterTimeout),
          })
          .catch((error: unknown) => this.#takeForEmpty(error))
      : await this.#transport.poll(request, limits);
    if (answer.kind === 'snapshot') return this.absorb(answer);
    if (answer.kind === 'foreignEpoch') return this.meetEpoch(answer, limits);
    if (joining) return this.#seed(answer.epoch, limits);
    return false;
  }

  #takeForEmpty(error: unknown): { kind: 'unchanged'; epoch?: string } {
    if (isCfluxError(error, 'TIMEOUT')) return { kind: 'unchanged' };
    throw error;
  }

  /** Takes up a snapshot that answers a request begun at the present position. Whether anything changed here. */
  absorb(answer: Snapshot): Promise<boolean> {
    return this.#adopting(() => this.#absorb(answer));
  }

  async #absorb(answer: Snapshot): Promise<boolean> {
    const { position } = this.#replica;
    const judgement = judge(position, answer);
    if (judgement === 'otherHistory') return this.#follow(answer);
    const data = await this.#decode(answer);
    // Where one of the two does not speak of epochs and mutations, the metadata itself has to tell.
    const isNamed = position.epoch !== undefined && answer.epoch !== undefined;
    if (judgement === 'same') {
      if (!isNamed && !equalMetadata(data, await this.#replica.accepted())) return this.#follow(answer);
      if (position.epoch === undefined && answer.epoch !== undefined)
        await this.#replica.rename(positionOf(answer));
      return false;
    }
    if (position.version === noVersion) await this.#join(data, answer);
    else if (!isNamed && data.clusterId !== this.#replica.clusterId) this.#refuse(data, answer);
    else await this.#replica.replace(data, positionOf(answer), await this.#replica.accepted());
    this.#tellSynced(position);
    return true;
  }

  /** The manager's history is `epoch`, not the node's: follows it, or offers the node's metadata to a manager that has none. */
  meetEpoch(met: Omit<ForeignEpoch, 'kind'>, limits: CallOptions): Promise<boolean> {
    return this.#adopting(async () => {
      const answer = met.version === noVersion ? undefined : await this.#peek(met.epoch, limits);
      return answer ? this.#follow(answer) : this.#seed(met.epoch, limits);
    });
  }

  /** A node that cannot adopt what is newer is stale: another push from what it has would only lose again (R8). */
  async #adopting(adopt: () => Promise<boolean>): Promise<boolean> {
    try {
      return await adopt();
    } catch (error) {
      this.#stale = true;
      throw error;
    }
  }

  /** The operator's word: the manager's metadata, whatever it is. */
  async adopt(limits: CallOptions): Promise<void> {
    const answer = await this.#peek(undefined, limits);
    if (!answer) {
      throw new CfluxError(
        'CLUSTER_NOT_FOUND',
        `the manager has no metadata of cluster ${this.#cluster} to adopt`,
      );
    }
    const before = this.#replica.position;
    const data = await this.#decode(answer);
    const local = await this.#replica.accepted();
    const kept = equalMetadata(local, data) ? undefined : await this.#replica.keep(local, 'adopted');
    await this.#replica.replace(data, positionOf(answer), local);
    if (kept) this.#emit('replaced', { ...kept, reason: 'adopted', version: answer.version });
    this.#tellSynced(before);
    this.#state.enter('online');
  }

  /** The operator's word: this node's metadata becomes the cluster's next version, whatever the manager has. */
  async reseed(limits: CallOptions): Promise<void> {
    let over = await this.#peek(undefined, limits);
    for (let round = 1; ; round++) {
      const base = over ? positionOf(over) : { version: noVersion };
      const data = await this.#replica.accepted();
      const result = await this.#push(data, base, limits);
      if (result.kind === 'committed') {
        await this.#seeded(data, result);
        return;
      }
      over = result.kind === 'conflict' ? result : await this.#peek(result.epoch, limits);
      const pause = pauseAfterConflicts(round, this.#random);
      if (pause > 0) await sleep(this.#clock, pause, limits.signal);
    }
  }

  /** What the manager has, whatever the node has. */
  async #peek(epoch: string | undefined, limits: CallOptions): Promise<Snapshot | undefined> {
    const request = {
      cluster: this.#cluster,
      version: noVersion,
      wait: 0,
      epoch,
      nodeId: this.#replica.nodeId,
    };
    const answer = await this.#transport.poll(request, limits);
    if (answer.kind === 'foreignEpoch') throw this.#unsettled();
    return answer.kind === 'snapshot' ? answer : undefined;
  }

  /** Gives a manager without metadata this node's; if another node was first, joins that. */
  async #seed(epoch: string | undefined, limits: CallOptions): Promise<boolean> {
    const before = this.#replica.position;
    const data = await this.#replica.accepted();
    const result = await this.#push(data, { version: noVersion, epoch }, limits);
    if (result.kind === 'foreignEpoch') throw this.#unsettled();
    if (result.kind === 'conflict') {
      return before.version === noVersion ? this.absorb(result) : this.#follow(result);
    }
    await this.#seeded(data, result);
    return true;
  }

  async #push(
    data: MetaData,
    base: Position,
    limits: CallOptions,
  ): Promise<PushResult & { mutation?: string | undefined }> {
    // A manager that collects offers knows this one again by its id (R11).
    if (this.#offered?.data !== data) this.#offered = { data, mutation: randomUuid(this.#random) };
    const { mutation } = this.#offered;
    const request: PushRequest = {
      cluster: this.#cluster,
      version: base.version,
      snapshot: encodeMetadata(data),
      mutation,
      epoch: base.epoch,
      nodeId: this.#replica.nodeId,
      offer: this.#replica.offer,
    };
    const result = await this.#transport.push(request, limits);
    if (result.kind === 'conflict' && result.mutation === mutation) {
      return { kind: 'committed', version: result.version, epoch: result.epoch, mutation };
    }
    // A manager that does not speak of epochs does not keep it.
    return result.kind === 'committed' && result.epoch !== undefined ? { ...result, mutation } : result;
  }

  /** The manager took this node's metadata as it is: there is nothing to store. */
  async #seeded(data: MetaData, result: Position): Promise<void> {
    const before = this.#replica.position;
    if (before.version === result.version && before.epoch === result.epoch) {
      // It said that it had lost what it now recognises: nothing has changed.
      this.#state.enter('online');
      return;
    }
    await this.#replica.install(data, positionOf(result), async () => undefined);
    if (before.version !== noVersion) {
      this.#emit('epochChanged', {
        previousEpoch: before.epoch,
        epoch: result.epoch,
        previousVersion: before.version,
        version: result.version,
        seeded: true,
      });
    }
    this.#tellSynced(before);
    this.#state.enter('online');
  }

  /** A node's first metadata of this cluster: what the node had and the cluster has not is kept (R12). */
  async #join(data: MetaData, answer: Snapshot): Promise<void> {
    const { clusterId, unconfirmed } = this.#replica;
    if (clusterId !== undefined && clusterId !== data.clusterId) this.#refuse(data, answer);
    const local = await this.#replica.accepted();
    const hasOwn = local.databases.length > 0 || local.users.length > 0;
    const kept =
      hasOwn && !equalMetadata({ ...local, clusterId: data.clusterId }, data)
        ? await this.#replica.keep(local, unconfirmed ? 'unconfirmed' : 'joined')
        : undefined;
    await this.#replica.replace(data, positionOf(answer), local);
    if (kept) {
      const reason = unconfirmed ? 'unconfirmed' : 'joined';
      this.#emit('replaced', { ...kept, reason, version: answer.version });
    }
  }

  /** Another history: of the same cluster it is followed, with a backup; of another one it is refused (R11). */
  async #follow(answer: Snapshot): Promise<boolean> {
    const before = this.#replica.position;
    const data = await this.#decode(answer);
    if (data.clusterId !== this.#replica.clusterId) this.#refuse(data, answer);
    this.#pace.check();
    const local = await this.#replica.accepted();
    const kept = equalMetadata(local, data) ? {} : await this.#replica.keep(local, 'epoch-changed');
    await this.#replica.replace(data, positionOf(answer), local);
    this.#pace.changed();
    this.#emit('epochChanged', {
      ...kept,
      previousEpoch: before.epoch,
      epoch: answer.epoch,
      previousVersion: before.version,
      version: answer.version,
      seeded: false,
    });
    this.#tellSynced(before);
    return true;
  }

  #refuse(data: MetaData, answer: Snapshot): never {
    const ownClusterId = this.#replica.clusterId ?? 0n;
    const sight = `${answer.epoch}/${data.clusterId}`;
    const isNew = this.#state.enter('foreign');
    if (isNew || this.#refused !== sight) {
      this.#refused = sight;
      const { epoch, version } = answer;
      this.#emit('foreignEpoch', { epoch, clusterId: data.clusterId, ownClusterId, version });
    }
    const error = new CfluxError(
      'FOREIGN_EPOCH',
      `the manager holds another cluster's metadata under the name ${this.#cluster} (cluster id ${data.clusterId}, this node's is ${ownClusterId}): call adopt() or reseed()`,
      { outcome: 'none' },
    );
    this.#onForeign(error);
    throw error;
  }

  async #decode(answer: Snapshot): Promise<MetaData> {
    return decodeMetadata(answer.snapshot, await this.#replica.accepted());
  }

  #tellSynced(before: Position): void {
    const { version, epoch } = this.#replica.position;
    this.#emit('synced', { version, previousVersion: before.version, epoch });
  }

  #unsettled(): CfluxError {
    return new CfluxError('UNAVAILABLE', 'the manager is changing its history', {
      retryable: true,
      outcome: 'none',
    });
  }
}

function positionOf({ version, epoch, mutation }: Position): Position {
  return { version, epoch, mutation };
}
