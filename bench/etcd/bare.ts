import { systemClock } from '../../src/clock.js';
import type { GrpcMethod } from '../../src/manager/stores/etcd/api/grpc.js';
import { etcd } from '../../src/manager/stores/etcd/api/methods.js';
import { fieldsOf, ProtoWriter } from '../../src/manager/stores/etcd/api/proto.js';
import { EtcdConnection } from '../../src/manager/stores/etcd/connect/connection.js';
import { systemRandom } from '../../src/random.js';

/** etcd without anything of ours on top but the codec. */
export const connectBare = (endpoints: readonly string[]): Promise<EtcdConnection> =>
  EtcdConnection.connect({ endpoints }, systemClock, systemRandom);

export const put = (connection: EtcdConnection, key: string, value: Uint8Array) =>
  connection.call(etcd.txn, { compare: [], success: [{ put: key, value }] });

/** Appends to a document by compare-and-set: the first retry on the value that the failure brought, then with full jitter. */
export async function append(connection: EtcdConnection, key: string, text: Uint8Array): Promise<void> {
  let [kv] = (await connection.call(etcd.range, { key })).kvs;
  for (let attempt = 0; ; attempt++) {
    const value = Buffer.concat([kv?.value ?? new Uint8Array(), text]);
    const { succeeded, ranges } = await connection.call(etcd.txn, {
      compare: [{ key, modRevision: kv?.modRevision ?? 0 }],
      success: [{ put: key, value }],
      failure: [{ get: { key } }],
    });
    if (succeeded) return;
    kv = ranges[0]?.kvs[0];
    if (attempt === 0) continue;
    const longest = Math.min(1_000, 5 * 2 ** attempt);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * longest));
  }
}

/** Renews the lease of an id; resolves with the id. */
export const leaseKeepAlive: GrpcMethod<number, number> = {
  path: '/etcdserverpb.Lease/LeaseKeepAlive',
  encode: (id) => new ProtoWriter().int64(1, id).finish(),
  decode(message) {
    for (const field of fieldsOf(message)) if (field.number === 2) return field.int;
    return 0;
  },
};
