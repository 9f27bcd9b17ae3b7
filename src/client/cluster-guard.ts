import { CfluxError } from '../errors.js';
import type { MetaData } from '../meta/records.js';
import type { Snapshot } from '../transport/transport.js';
import type { Emit } from './events.js';
import type { Replica } from './replica.js';
import type { StateMachine } from './state.js';

export interface ClusterGuardParts<M> {
  readonly replica: Replica<M>;
  readonly cluster: string;
  readonly emit: Emit;
  readonly state: StateMachine;
  /** Called each time that another cluster's metadata was refused. */
  readonly onForeign: (error: CfluxError) => void;
}

/** Refuses metadata with another cluster id than the node's, until the operator calls `adopt()` or `reseed()` (R11). */
export class ClusterGuard<M> {
  readonly #parts: ClusterGuardParts<M>;
  /** What was reported last: each foreign history is reported once. */
  #reported: string | undefined;

  constructor(parts: ClusterGuardParts<M>) {
    this.#parts = parts;
  }

  /** @throws CfluxError `FOREIGN_EPOCH` if `data`, decoded from `snapshot`, is another cluster's */
  check(data: MetaData, snapshot: Snapshot): void {
    if (data.clusterId !== this.#parts.replica.clusterId) this.#refuse(data, snapshot);
  }

  #refuse({ clusterId }: MetaData, { epoch, version }: Snapshot): never {
    const { replica, cluster, emit, state, onForeign } = this.#parts;
    const ownClusterId = replica.clusterId ?? 0n;
    const foreign = `${epoch}/${clusterId}`;
    const isNew = state.enter('foreign');
    if (isNew || this.#reported !== foreign) {
      this.#reported = foreign;
      emit('foreignEpoch', { epoch, clusterId, ownClusterId, version });
    }
    const error = new CfluxError(
      'FOREIGN_EPOCH',
      `the manager holds another cluster's metadata under the name ${cluster} (cluster id ${clusterId}, this node's is ${ownClusterId}): call adopt() or reseed()`,
      { outcome: 'none' },
    );
    onForeign(error);
    throw error;
  }
}
