import { TimeSlice } from '../../../time-slice.js';
import type { KeyValue, RangeRequest } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from './connection.js';

const pageSize = 500;

/** Reads the keys of a range page by page, so that neither etcd nor the event loop is blocked for long. */
export async function* inPages(connection: EtcdConnection, range: RangeRequest): AsyncGenerator<KeyValue> {
  const slice = new TimeSlice();
  let { key } = range;
  for (;;) {
    const { kvs, more } = await connection.call(etcd.range, { ...range, key, limit: pageSize });
    for (const kv of kvs) {
      yield kv;
      await slice.rest();
    }
    const last = kvs.at(-1);
    if (!more || last === undefined) return;
    key = `${last.key}\0`;
  }
}
