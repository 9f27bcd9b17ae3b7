import { CfluxError } from '../../../../errors.js';
import { type Random, randomUuid } from '../../../../random.js';
import type { RangeResponse } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import { readJson, writeJson } from '../stored-json.js';

/** Nobody waits for a response when a manager starts, and etcd may have just been started. */
const limits = { timeout: 8_000 };

/** The format that this version writes. */
const format = 1;

/** The identity of the store below the prefix, which the first manager gives it, and the revision that etcd is at. */
export async function openIdentity(
  connection: EtcdConnection,
  { store: key }: Keys,
  random: Random,
): Promise<{ readonly storeId: string; readonly revision: number }> {
  // A full etcd refuses whatever might write, and is to be read nonetheless.
  const there = await connection.call(etcd.range, { key }, limits);
  const { revision, kvs } = there.kvs.length > 0 ? there : await giveIdentity(connection, key, random);
  const store = readJson(key, kvs[0]?.value ?? new Uint8Array());
  const found = store.integer('format');
  if (found > format) {
    const message = `etcd: what is below ${key} has format ${found}; this version of clusterflux knows ${format}`;
    throw new CfluxError('STORAGE_FAILED', message);
  }
  return { storeId: store.text('id'), revision };
}

/** Unless somebody else was first. */
async function giveIdentity(
  connection: EtcdConnection,
  key: string,
  random: Random,
): Promise<Pick<RangeResponse, 'revision' | 'kvs'>> {
  const value = writeJson({ format, id: randomUuid(random) });
  const { revision, ranges } = await connection.call(etcd.txn, {
    compare: [{ key, modRevision: 0 }],
    success: [{ put: key, value }, { get: { key } }],
    failure: [{ get: { key } }],
  });
  return { revision, kvs: ranges[0]?.kvs ?? [] };
}
