import { CfluxError } from '../../errors.js';
import type { MetaData } from '../../meta/records.js';
import type { Snapshot } from '../../transport/transport.js';
import type { Replica } from '../local/replica.js';
import type { Emit } from '../observe/events.js';
import type { StateMachine } from '../state.js';

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
  /** The history that was reported last, because each foreign history is reported once. */
  #reported: string | undefined;

  constructor(parts: ClusterGuardParts<M>) {
    this.#parts = parts;
  }

  /** @throws CfluxError `FOREIGN_CLUSTER` if `data`, decoded from `snapshot`, is another cluster's */
  check(data: MetaData, snapshot: Snapshot): void {
    if (data.clusterId !== this.#parts.replica.clusterId) this.#refuse(data, snapshot);
  }

  #refuse({ clusterId }: MetaData, { epoch, version }: Snapshot): never {
    const { replica, cluster, emit, state, onForeign } = this.#parts;
    const ownClusterId = replica.clusterId ?? 0n;
    const foreign = `${epoch}/${clusterId}`;
    const isNew = state.enter('foreignCluster');
    if (isNew || this.#reported !== foreign) {
      this.#reported = foreign;
      emit('foreignCluster', { epoch, clusterId, ownClusterId, version });
    }
    const error = new CfluxError(
      'FOREIGN_CLUSTER',
      `the manager has another cluster's metadata under the name ${cluster} (cluster id ${clusterId}, this node's is ${ownClusterId}): call adopt() or reseed()`,
      { outcome: 'notApplied' },
    );
    onForeign(error);
    throw error;
  }
}
