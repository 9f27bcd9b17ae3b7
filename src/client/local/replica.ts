import type { Clock } from '../../clock.js';
import { encodeMetadata } from '../../meta/codec/encode-metadata.js';
import { digestMetadata } from '../../meta/digest-metadata.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { noVersion } from '../../protocol/version.js';
import type { BackedUpMetadata, Emit, MetadataChange } from '../observe/events.js';
import { Backups } from './backups.js';
import type { MetaClientAdapter } from './meta-client-adapter.js';
import type { NodeStorage } from './node-directory.js';
import type { ConfirmedMetadata } from './node-record.js';
import { nowhere, type Position, positionOf } from './position.js';
import { RecordFile } from './record-file.js';

/** What is known of the manager's bytes of a version that a node installs. */
export interface BytesOfVersion {
  /** The metadata encodes to exactly these bytes. */
  readonly isExact: boolean;
  /** They were received as a whole, not as a delta. */
  readonly isWhole: boolean;
}

/**
 * The node's copy of the cluster's metadata: records the version of the wrapped client's metadata durably, and backs up displaced
 * metadata. Its methods are called by one writer at a time (R1).
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
  /** The accepted metadata encodes to the bytes that the manager has. */
  #isExact = false;
  /** A delta failed, and no snapshot was adopted since (R29). */
  #distrustsDeltas = false;

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

  /** The version of the wrapped client's metadata. */
  get position(): Position {
    return this.#position;
  }

  /** Increases whenever {@link position} changes: a response to a request that began at another generation is late (R5). */
  get generation(): number {
    return this.#generation;
  }

  get nodeId(): number | undefined {
    return this.#record.content.nodeId;
  }

  /** Whether the local metadata does not match the record, after a crash between two writes or an external change. */
  get unconfirmed(): boolean {
    return this.#unconfirmed;
  }

  /** The node's offer to a manager that lost its data: its version in its history. */
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

  /**
   * The accepted metadata, if its encoding is known to be the manager's bytes of the version, index included. Undefined after a restart,
   * and if the manager's encoding differs.
   */
  get deltaBase(): MetaData | undefined {
    return this.#isExact ? this.#accepted : undefined;
  }

  /** Whether the manager may send a delta from the node's version. */
  get acceptsDelta(): boolean {
    return !this.#distrustsDeltas && this.deltaBase !== undefined;
  }

  /** Whether a delta failed, and no snapshot was adopted since. */
  get distrustsDeltas(): boolean {
    return this.#distrustsDeltas;
  }

  /** No deltas are requested until a snapshot is adopted. */
  distrustDeltas(): void {
    this.#distrustsDeltas = true;
  }

  /** Returns the accepted metadata; before the node has joined, the wrapped client's metadata. */
  async accepted(): Promise<MetaData> {
    return this.#accepted ?? this.#adapter.read();
  }

  /** Reads the record of an earlier process and compares it with the wrapped client's metadata (R11). */
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

  /** May be called concurrently with the writer, because the record file orders its writes. */
  async rememberNodeId(nodeId: number | undefined): Promise<void> {
    // In memory even if it cannot be written; otherwise the node would register again with every heartbeat (R10).
    this.#record.note({ nodeId });
    await this.#record.write({ nodeId });
  }

  /** After an external change of the wrapped client: backs it up, restores the accepted metadata and emits `diverged` (R1). */
  async checkDivergence(): Promise<void> {
    const accepted = this.#accepted;
    if (accepted) await this.#replaceDiverged(accepted, accepted);
  }

  /** If the wrapped client does not have `before`: backs up its metadata, replaces it with `data`, emits `diverged`, and returns true. */
  async #replaceDiverged(data: MetaData, before: MetaData): Promise<boolean> {
    const local = await this.#adapter.read();
    if (equalMetadata(local, before)) return false;
    const notify = await this.keepDiverged(local);
    this.#isExact = false;
    await this.#adapter.replace(data);
    notify();
    return true;
  }

  /** Backs up an external change of the wrapped client. The returned function emits the event after it is overwritten. */
  async keepDiverged(found: MetaData): Promise<() => void> {
    const kept = await this.keep(found, 'diverged');
    return () => this.#emit('diverged', { ...kept, version: this.#position.version });
  }

  /**
   * Replaces `before` in the wrapped client with `data` of other nodes, which is version `position` of the cluster.
   *
   * @param bytes as for {@link install}
   */
  async replace(data: MetaData, position: Position, before: MetaData, bytes: BytesOfVersion): Promise<void> {
    const store = async () => {
      if (!(await this.#replaceDiverged(data, before))) await this.#adapter.replace(data);
    };
    await this.#install(data, position, { store, bytes, origin: 'remote' });
    if (bytes.isWhole) this.#distrustsDeltas = false;
  }

  /**
   * Records that `data` of this node is version `position` of the cluster, then calls `store`, which writes it to the wrapped client. If
   * one of them fails, the node stays at its previous position.
   *
   * @param bytes what is known of the manager's bytes of this version
   */
  install(
    data: MetaData,
    position: Position,
    store: () => Promise<void>,
    bytes: Pick<BytesOfVersion, 'isExact'>,
  ): Promise<void> {
    return this.#install(data, position, { store, bytes, origin: 'local' });
  }

  /** `origin`: of the change; absent if the metadata stays the same. */
  async #install(
    data: MetaData,
    position: Position,
    {
      store,
      bytes: { isExact },
      origin,
    }: {
      readonly store: () => Promise<void>;
      readonly bytes: Pick<BytesOfVersion, 'isExact'>;
      readonly origin?: MetadataChange['origin'];
    },
  ): Promise<void> {
    const { clusterId, metadata, previous } = this.#record.content;
    await this.#record.write({
      clusterId: data.clusterId,
      metadata: { ...position, digest: this.#isDurable ? digestMetadata(data) : '' },
      previous: this.#localMetadata(),
    });
    try {
      await store();
    } catch (error) {
      // On disk, `previous` is what the wrapped client still has.
      this.#record.note({ clusterId, metadata, previous });
      throw error;
    }
    const previousVersion = this.#position.version;
    this.#moveTo(position, data);
    this.#isExact = isExact;
    if (origin !== undefined) this.#emit('changed', { version: position.version, previousVersion, origin });
  }

  /** Records another position for the same metadata, which the manager reported later. */
  async rename(position: Position): Promise<void> {
    const store = async () => undefined;
    await this.#install(await this.accepted(), position, { store, bytes: { isExact: false } });
  }

  /** Backs up displaced metadata: in a file if the node has a directory (R12). */
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
