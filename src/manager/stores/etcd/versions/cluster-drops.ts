import { CfluxError } from '../../../../errors.js';
import {
  dropsOf,
  hasDropsOf,
  ordersAbove,
  type StoredDrops,
  storedDropsIn,
  withDrops,
} from '../../../drops/stored-drops.js';
import type {
  Commit,
  CommitResult,
  StoreContext,
  StoredDropOrders,
  VersionRecord,
} from '../../../manager-store.js';
import { epochOf } from '../../numbering.js';
import { doubtful } from '../api/etcd-errors.js';
import type { KeyValue, Operation, RangeResponse } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import { readJson, writeJson } from '../stored-json.js';
import { decodeHead, emptyHead } from './stored-head.js';

export interface ClusterDropsParts {
  readonly connection: EtcdConnection;
  readonly keys: Keys;
  readonly storeId: string;
}

/** The drop orders of clusters: one value for each, which changes only in transactions that change the head. */
export class ClusterDrops {
  readonly #parts: ClusterDropsParts;
  readonly #context: StoreContext;

  constructor(parts: ClusterDropsParts, context: StoreContext) {
    this.#parts = parts;
    this.#context = context;
  }

  /** Reads the orders above `since`, and the head, in one transaction. */
  async above(cluster: string, since: number): Promise<StoredDropOrders> {
    const { connection, keys, storeId } = this.#parts;
    const { ranges } = await connection.call(etcd.txn, {
      compare: [],
      success: [{ get: { key: keys.head(cluster) } }, { get: { key: keys.drops(cluster) } }],
    });
    const head = valueIn(ranges[0], ({ key, value }) => decodeHead(key, value)) ?? emptyHead;
    const stored = dropsOf(valueIn(ranges[1], decodeDrops), head.generation);
    const [version, now] = [head.versions[0]?.record.version ?? 0, this.#context.clock.now()];
    return {
      epoch: epochOf(storeId, cluster, head.generation),
      ...ordersAbove(stored, { since, version, now }),
    };
  }

  /**
   * Returns the operations that store the orders of `commit` with its version. They are valid only in a transaction that compares the head
   * that was known before this call: the orders do not change as long as the head does not.
   */
  async change(
    { cluster, drops }: Commit,
    record: VersionRecord,
    generation: number,
  ): Promise<readonly Operation[]> {
    if (drops === undefined) return [];
    const stored = dropsOf(await this.#read(cluster), generation);
    return [{ put: this.#parts.keys.drops(cluster), value: writeJson(withDrops(stored, record, drops)) }];
  }

  /** Returns `result` with whether the orders of the commit are stored: an older manager may have stored its version. */
  async noted({ cluster, mutation, drops }: Commit, result: CommitResult): Promise<CommitResult> {
    if (drops === undefined || (result.kind !== 'committed' && result.kind !== 'repeated')) return result;
    if (result.kind === 'committed') return { ...result, hasDrops: true };
    const stored = await this.#read(cluster).catch((error: unknown) => {
      // The version is stored: the push must not be reported as refused.
      throw doubtful(CfluxError.from(error));
    });
    return { ...result, hasDrops: stored !== undefined && hasDropsOf(stored, mutation) };
  }

  async #read(cluster: string): Promise<StoredDrops | undefined> {
    const { connection, keys } = this.#parts;
    return valueIn(await connection.call(etcd.range, { key: keys.drops(cluster) }), decodeDrops);
  }
}

const decodeDrops = ({ key, value }: KeyValue) => storedDropsIn(readJson(key, value));

function valueIn<T>(range: RangeResponse | undefined, decode: (value: KeyValue) => T): T | undefined {
  const [found] = range?.kvs ?? [];
  return found && decode(found);
}
