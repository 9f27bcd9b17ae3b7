import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import type { MetaData } from '../../meta/records.js';
import type { Snapshot } from '../../transport/transport.js';
import { type Position, positionOf } from '../local/position.js';
import type { Replica } from '../local/replica.js';
import type { BackedUpMetadata, Emit } from '../observe/events.js';

/** Why the cluster's metadata takes the place of the node's. */
export type TakeOverReason =
  /** It follows what the node has, so that nothing is displaced. */
  | 'newer'
  /** It is the first that the node gets; the node's own was its own, or did not match its record after a crash. */
  | 'joined'
  | 'unconfirmed'
  /** The operator called `adopt()`. */
  | 'adopted'
  /** It is of another history of the same cluster. */
  | 'epoch-changed';

/**
 * Replaces the node's metadata with the cluster's: decodes a snapshot, compares, backs up what is displaced (R11, R12), replaces
 * it, and emits the events, in this order. The methods are called by one writer at a time (R1).
 */
export class TakeOver<M> {
  readonly #replica: Replica<M>;
  readonly #emit: Emit;

  constructor({ replica, emit }: { readonly replica: Replica<M>; readonly emit: Emit }) {
    this.#replica = replica;
    this.#emit = emit;
  }

  /** Decodes `snapshot`, sharing with the accepted metadata what did not change. */
  async decode({ snapshot }: Snapshot): Promise<MetaData> {
    return decodeMetadata(snapshot, await this.#replica.accepted());
  }

  /** Makes `data`, decoded from `snapshot`, the node's metadata. */
  async run(data: MetaData, snapshot: Snapshot, reason: TakeOverReason): Promise<void> {
    const before = this.#replica.position;
    const local = await this.#replica.accepted();
    const kept = isDisplaced(local, data, reason) ? await this.#replica.keep(local, reason) : undefined;
    await this.#replica.replace(data, positionOf(snapshot), local);
    this.#report(before, snapshot, reason, kept);
  }

  #report(
    before: Position,
    after: Position,
    reason: TakeOverReason,
    kept: BackedUpMetadata | undefined,
  ): void {
    const { version, epoch } = after;
    const previousVersion = before.version;
    if (reason === 'epoch-changed') {
      const previousEpoch = before.epoch;
      this.#emit('epochChanged', { ...kept, previousEpoch, epoch, previousVersion, version, seeded: false });
    } else if (kept !== undefined && reason !== 'newer') this.#emit('replaced', { ...kept, reason, version });
    this.#emit('synced', { version, previousVersion, epoch });
  }
}

/** Whether `local` has something that `data` does not have, and that would be lost without a backup. */
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
