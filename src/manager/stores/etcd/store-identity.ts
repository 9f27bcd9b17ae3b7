import { CfluxError } from '../../../errors.js';
import { type Random, randomUuid } from '../../../random.js';
import type { EtcdConnection } from './connection.js';
import { JsonValue, writeJson } from './json-value.js';
import type { Keys } from './keys.js';
import { etcd } from './methods.js';

/** The format that this version writes. */
const format = 1;

/** The identity of the store below the prefix, which the first manager gives it, and the revision that etcd is at. */
export async function openIdentity(
  connection: EtcdConnection,
  { store: key }: Keys,
  random: Random,
): Promise<{ readonly storeId: string; readonly revision: number }> {
  const value = writeJson({ format, id: randomUuid(random) });
  const { revision, ranges } = await connection.call(etcd.txn, {
    compare: [{ key, modRevision: 0 }],
    success: [{ put: key, value }, { get: { key } }],
    failure: [{ get: { key } }],
  });
  const store = JsonValue.parse(key, ranges[0]?.kvs[0]?.value ?? new Uint8Array());
  const found = store.number('format');
  if (found > format) {
    const message = `etcd: what is below ${key} has format ${found}; this version of clusterflux knows ${format}`;
    throw new CfluxError('STORAGE_FAILED', message);
  }
  return { storeId: store.text('id'), revision };
}
