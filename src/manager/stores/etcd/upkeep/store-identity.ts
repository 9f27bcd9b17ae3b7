import { CfluxError } from '../../../../errors.js';
import { type Random, randomUuid } from '../../../../random.js';
import type { RangeResponse } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import { readJson, writeJson } from '../stored-json.js';

/** No request waits when a manager starts, and etcd may be starting too. */
const limits = { timeout: 8_000 };

/** The format that this release writes. */
const format = 1;

/** Reads the identity of the store below the prefix, which the first manager creates, and the current revision of etcd. */
export async function openIdentity(
  connection: EtcdConnection,
  { store: key }: Keys,
  random: Random,
): Promise<{ readonly storeId: string; readonly revision: number }> {
  // A full etcd refuses everything that might write, but must still be readable.
  const there = await connection.call(etcd.range, { key }, limits);
  const { revision, kvs } = there.kvs.length > 0 ? there : await createIdentity(connection, key, random);
  const store = readJson(key, kvs[0]?.value ?? new Uint8Array());
  const found = store.integer('format');
  if (found > format) {
    const message = `cannot open etcd: ${key} has format ${found}, this release supports format ${format}; upgrade, or use another prefix`;
    throw new CfluxError('STORAGE_FAILED', message);
  }
  return { storeId: store.text('id'), revision };
}

/** Has no effect if another manager was first. */
async function createIdentity(
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
