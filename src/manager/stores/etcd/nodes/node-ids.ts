import type { Clock } from '../../../../clock.js';
import { nextNumber } from '../../numbering.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import { readJson, writeJson } from '../stored-json.js';

/** Assigns node ids, each only once across all managers. Concurrent requests get theirs in one transaction. */
export class NodeIds {
  readonly #connection: EtcdConnection;
  readonly #key: string;
  readonly #clock: Clock;
  /** Number of requests that wait for the next block. */
  #asked = 0;
  #block: Promise<number> | undefined;
  #before: Promise<unknown> = Promise.resolve();

  constructor(connection: EtcdConnection, keys: Keys, clock: Clock) {
    this.#connection = connection;
    this.#key = keys.lastNodeId;
    this.#clock = clock;
  }

  async next(): Promise<number> {
    this.#block ??= this.#nextBlock();
    const place = this.#asked++;
    return (await this.#block) + place;
  }

  /** Returns the first id of a block for all requests that arrived before the previous block was assigned. */
  async #nextBlock(): Promise<number> {
    await this.#before;
    const count = this.#asked;
    this.#asked = 0;
    this.#block = undefined;
    const first = this.#take(count);
    this.#before = first.catch(() => {});
    return first;
  }

  async #take(count: number): Promise<number> {
    let { modRevision, last } = await this.#read();
    for (;;) {
      const first = nextNumber(last, this.#clock.now());
      const { succeeded, ranges } = await this.#connection.call(etcd.txn, {
        compare: [{ key: this.#key, modRevision }],
        success: [{ put: this.#key, value: writeJson({ id: first + count - 1 }) }],
        failure: [{ get: { key: this.#key } }],
      });
      if (succeeded) return first;
      ({ modRevision, last } = this.#decode(ranges[0]?.kvs[0]));
    }
  }

  async #read() {
    const { kvs } = await this.#connection.call(etcd.range, { key: this.#key });
    return this.#decode(kvs[0]);
  }

  #decode(kv: { readonly modRevision: number; readonly value: Uint8Array } | undefined) {
    if (kv === undefined) return { modRevision: 0, last: 0 };
    return { modRevision: kv.modRevision, last: readJson(this.#key, kv.value).integer('id') };
  }
}
