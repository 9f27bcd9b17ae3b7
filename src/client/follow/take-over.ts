import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { encodesAs } from '../../meta/codec/encodes-as.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import type { MetaData } from '../../meta/records.js';
import type { MetadataForm } from '../../protocol/deltas.js';
import type { Snapshot, SnapshotDelta } from '../../transport/transport.js';
import { type Position, positionOf } from '../local/position.js';
import type { Replica } from '../local/replica.js';
import type { BackedUpMetadata, Emit } from '../observe/events.js';

/** Why the cluster's metadata replaces the node's. */
export type TakeOverReason =
  /** It is a later version in the same history, so nothing is displaced. */
  | 'newer'
  /** It is the node's first version; the node had its own metadata, or metadata that did not match its record after a crash. */
  | 'joined'
  | 'unconfirmed'
  /** The operator called `adopt()`. */
  | 'adopted'
  /** It belongs to another history of the same cluster. */
  | 'epoch-changed';

/**
 * Replaces the node's metadata with the cluster's. In this order, it decodes a snapshot, compares, backs up displaced metadata (R11,
 * R12), replaces it, and emits the events. The methods are called by one writer at a time (R1).
 */
export class TakeOver<M> {
  readonly #replica: Replica<M>;
  readonly #emit: Emit;

  constructor({ replica, emit }: { readonly replica: Replica<M>; readonly emit: Emit }) {
    this.#replica = replica;
    this.#emit = emit;
  }

  /** Decodes `snapshot`; unchanged records are shared with the accepted metadata. */
  async decode({ snapshot }: Snapshot): Promise<MetaData> {
    return decodeMetadata(snapshot, await this.#replica.accepted());
  }

  /** Makes `data`, decoded from `snapshot` or checked against the digest of a delta, the node's metadata. */
  async run(data: MetaData, snapshot: Snapshot | SnapshotDelta, reason: TakeOverReason): Promise<void> {
    const before = this.#replica.position;
    const local = await this.#replica.accepted();
    const kept = isDisplaced(local, data, reason) ? await this.#replica.keep(local, reason) : undefined;
    const whole = snapshot.snapshot;
    const form = formOf(snapshot, this.#replica);
    const bytes = {
      isWhole: whole !== undefined,
      isExact: whole === undefined || encodesAs(data, whole),
    };
    await this.#replica.replace(data, positionOf(snapshot), local, bytes);
    this.#report(before, { ...positionOf(snapshot), form }, reason, kept);
  }

  #report(
    before: Position,
    after: Position & { readonly form: MetadataForm },
    reason: TakeOverReason,
    kept: BackedUpMetadata | undefined,
  ): void {
    const { version, epoch, form } = after;
    const previousVersion = before.version;
    if (reason === 'epoch-changed') {
      const previousEpoch = before.epoch;
      this.#emit('epochChanged', { ...kept, previousEpoch, epoch, previousVersion, version, seeded: false });
    } else if (kept !== undefined && reason !== 'newer') this.#emit('replaced', { ...kept, reason, version });
    this.#emit('synced', { version, previousVersion, epoch, form });
  }
}

function formOf(
  received: Snapshot | SnapshotDelta,
  { distrustsDeltas }: { readonly distrustsDeltas: boolean },
): MetadataForm {
  if (received.snapshot === undefined) return 'delta';
  return distrustsDeltas ? 'fallback' : 'snapshot';
}

/** Returns whether `local` has something that is not in `data` and would be lost without a backup. */
function isDisplaced(local: MetaData, data: MetaData, reason: TakeOverReason): boolean {
  switch (reason) {
    case 'newer':
      return false;
    case 'joined':
    case 'unconfirmed': {
      const hasOwn = local.databases.length > 0 || local.users.length > 0;
      return hasOwn && !equalMetadata({ ...local, clusterId: data.clusterId }, data);
    }
    case 'adopted':
    case 'epoch-changed':
      return !equalMetadata(local, data);
  }
}
