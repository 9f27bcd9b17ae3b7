import { isCfluxError } from '../../errors.js';
import { noVersion } from '../../protocol/version.js';
import { isOddResponse } from '../../transport/odd-response.js';
import type { CallOptions, PollRequest, PollResult, Snapshot, Transport } from '../../transport/transport.js';
import type { Replica } from '../local/replica.js';
import { unsettledHistoryError } from '../refusals.js';

/** How long a manager may take to report an empty cluster; a manager without `Prefer: wait=0` holds the poll instead. */
const emptyClusterTimeout = 3_000;

export interface FetcherParts<M> {
  readonly replica: Replica<M>;
  readonly transport: Transport;
  readonly cluster: string;
}

/** Requests the newest snapshot of the cluster without waiting for a newer one. */
export class SnapshotFetcher<M> {
  readonly #parts: FetcherParts<M>;

  constructor(parts: FetcherParts<M>) {
    this.#parts = parts;
  }

  /** Polls from the node's version; accepts a delta if the node has its base. */
  async poll(request: PollRequest, limits: CallOptions): Promise<PollResult> {
    const { replica, transport } = this.#parts;
    const acceptsDelta = request.version !== noVersion && replica.acceptsDelta;
    try {
      return await transport.poll(acceptsDelta ? { ...request, acceptsDelta } : request, limits);
    } catch (error) {
      if (acceptsDelta && isOddResponse(error)) replica.distrustDeltas();
      throw error;
    }
  }

  /** Fetches the manager's newest version, if it differs from the node's. */
  async fetchNewer(limits: CallOptions): Promise<PollResult> {
    const { replica, transport, cluster } = this.#parts;
    const { position, nodeId, instance } = replica;
    const { epoch, mutation } = position;
    // A manager without epochs ignores `wait` and holds a poll for the node's version, so request any version.
    const version = epoch === undefined ? noVersion : position.version;
    const request = { cluster, version, wait: 0, epoch, mutation, nodeId, instance };
    if (position.version !== noVersion) return this.poll(request, limits);
    const timeout = Math.min(limits.timeout ?? emptyClusterTimeout, emptyClusterTimeout);
    return transport.poll(request, { ...limits, timeout }).catch((error: unknown): PollResult => {
      if (isCfluxError(error, 'TIMEOUT')) return { kind: 'unchanged' };
      throw error;
    });
  }

  /** Fetches the manager's newest version; `undefined` if the cluster has no data. */
  async fetchNewest(epoch: string | undefined, limits: CallOptions): Promise<Snapshot | undefined> {
    const { replica, transport, cluster } = this.#parts;
    const { nodeId, instance } = replica;
    const request = { cluster, version: noVersion, wait: 0, epoch, nodeId, instance };
    const result = await transport.poll(request, limits);
    if (result.kind === 'epochMismatch') throw unsettledHistoryError('notApplied');
    return result.kind === 'snapshot' ? result : undefined;
  }
}
