import type { Clock } from '../../clock.js';
import { encodeMetadata } from '../../meta/codec/encode-metadata.js';
import { digestMetadata } from '../../meta/digest-metadata.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { noVersion } from '../../protocol/version.js';
import type { BackedUpMetadata, Emit } from '../observe/events.js';
import { Backups } from './backups.js';
import type { MetaClientAdapter } from './meta-client-adapter.js';
import type { NodeStorage } from './node-directory.js';
import type { ConfirmedMetadata } from './node-record.js';
import { nowhere, type Position, positionOf } from './position.js';
import { RecordFile } from './record-file.js';

/**
 * The node's copy of the cluster's metadata: which version the wrapped client holds, remembered durably, with a backup of
 * whatever gives way. Its methods are called by one writer at a time (R1).
 */
export class Replica<M> {
  /** The process: another one after every start. */
  readonly instance: string;
  readonly #adapter: MetaClientAdapter<M>;
  readonly #isDurable: boolean;
  readonly #emit: Emit;
  readonly #onMoved: () => void;
  readonly #backups: Backups | undefined;
  readonly #record: RecordFile;
  #position: Position = nowhere;
  #accepted: MetaData | undefined;
  #generation = 0;
  #unconfirmed = false;

  constructor(parts: {
    instance: string;
    adapter: MetaClientAdapter<M>;
    cluster: string;
    storage?: NodeStorage | undefined;
    clock: Clock;
    maxBackups: number;
    emit: Emit;
    onMoved: () => void;
  }) {
    this.instance = parts.instance;
    this.#adapter = parts.adapter;
    this.#isDurable = parts.storage !== undefined;
    this.#backups =
      parts.storage && new Backups(parts.storage, { clock: parts.clock, most: parts.maxBackups });
    this.#emit = parts.emit;
    this.#onMoved = parts.onMoved;
    this.#record = new RecordFile(parts.cluster, parts.storage);
  }

  /** The version that the wrapped client holds. */
  get position(): Position {
    return this.#position;
  }

  /** Rises whenever {@link position} changes: an answer to a request begun under another one is late (R5). */
  get generation(): number {
    return this.#generation;
  }

  get nodeId(): number | undefined {
    return this.#record.content.nodeId;
  }

  /** A crash fell between two writes, or somebody wrote since: the local metadata is not what the node remembers. */
  get unconfirmed(): boolean {
    return this.#unconfirmed;
  }

  /** What the node has, or had, of a history: for a manager that lost its own. */
  get offer(): { epoch: string; version: number } | undefined {
    const last = this.#position.version === noVersion ? this.#record.content.metadata : this.#position;
    return last && last.version !== noVersion
      ? { epoch: last.epoch ?? 'unknown', version: last.version }
      : undefined;
  }

  /** The cluster id of the accepted metadata; `undefined` before the node has joined. */
  get clusterId(): bigint | undefined {
    return this.#record.content.clusterId;
  }

  /** The accepted metadata; before the node has joined, what the wrapped client holds. */
  async accepted(): Promise<MetaData> {
    return this.#accepted ?? this.#adapter.read();
  }

  /** Takes up what the node remembers of its last life and compares the wrapped client with it (R11). */
  async recall(): Promise<void> {
    await this.#record.read();
    const known = this.#record.content;
    if (!known.metadata) return;
    const local = await this.#adapter.read();
    const digest = digestMetadata(local);
    const match = [known.metadata, known.previous].find((metadata) => metadata?.digest === digest);
    if (match) {
      this.#moveTo(match, local);
      this.#record.note({ metadata: match, previous: undefined });
      return;
    }
    this.#unconfirmed = true;
  }

  /** May be called beside the writer: the record has an order of its own. */
  async rememberNodeId(nodeId: number | undefined): Promise<void> {
    // Also if it cannot be written: the node would register again with every heartbeat (R10).
    this.#record.note({ nodeId });
    await this.#record.write({ nodeId });
  }

  /** If the wrapped client was changed behind our back: keeps that, puts the accepted metadata back and tells (R1). */
  async checkDivergence(): Promise<void> {
    const accepted = this.#accepted;
    if (accepted) await this.#replaceDiverged(accepted, accepted);
  }

  /** Whether the wrapped client holds something else than `before`; then it is kept, told, and gives way to `data`. */
  async #replaceDiverged(data: MetaData, before: MetaData): Promise<boolean> {
    const local = await this.#adapter.read();
    if (equalMetadata(local, before)) return false;
    const notify = await this.keepDiverged(local);
    await this.#adapter.replace(data);
    notify();
    return true;
  }

  /** Keeps what somebody else did to the wrapped client; what it answers tells of it, once it has given way. */
  async keepDiverged(found: MetaData): Promise<() => void> {
    const kept = await this.keep(found, 'diverged');
    return () => this.#emit('diverged', { ...kept, version: this.#position.version });
  }

  /** `data` of other nodes is version `position` of the cluster: the wrapped client gets it, in place of `before`. */
  async replace(data: MetaData, position: Position, before: MetaData): Promise<void> {
    await this.install(data, position, async () => {
      if (!(await this.#replaceDiverged(data, before))) await this.#adapter.replace(data);
    });
  }

  /**
   * `data` is version `position` of the cluster: remembers that, then has `store` see to it that the wrapped client holds it.
   * If one of the two fails the node stays where it was.
   */
  async install(data: MetaData, position: Position, store: () => Promise<void>): Promise<void> {
    const { clusterId, metadata, previous } = this.#record.content;
    await this.#record.write({
      clusterId: data.clusterId,
      metadata: { ...position, digest: this.#isDurable ? digestMetadata(data) : '' },
      previous: this.#localMetadata(),
    });
    try {
      await store();
    } catch (error) {
      // On disk `previous` says what the wrapped client still holds.
      this.#record.note({ clusterId, metadata, previous });
      throw error;
    }
    this.#moveTo(position, data);
  }

  /** The same metadata under another name, which the manager told later. */
  async rename(position: Position): Promise<void> {
    await this.install(await this.accepted(), position, async () => undefined);
  }

  /** Keeps metadata that gives way: in a backup where the node has a directory (R12). */
  async keep(data: MetaData, reason: string): Promise<BackedUpMetadata> {
    const snapshot = encodeMetadata(data);
    return { snapshot, ...(await this.#backups?.keep(data, snapshot, reason)) };
  }

  #moveTo(position: Position, data: MetaData): void {
    this.#position = positionOf(position);
    this.#accepted = data;
    this.#generation += 1;
    this.#unconfirmed = false;
    this.#onMoved();
  }

  #localMetadata(): ConfirmedMetadata | undefined {
    if (!this.#accepted || !this.#isDurable) return undefined;
    return { ...this.#position, digest: digestMetadata(this.#accepted) };
  }
}
