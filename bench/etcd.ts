import { startEtcd } from '../test/support/etcd.js';
import { measureBeats } from './etcd/beats.js';
import { measureChanges } from './etcd/changes.js';
import { measureLatency } from './etcd/latency.js';
import { measurePushes } from './etcd/pushes.js';
import type { Figure } from './report.js';

/** Managers on a cluster of three etcd members, all on this machine: ratios to bare etcd in the same run are what counts. */
export async function run(): Promise<Figure[]> {
  const etcd = await startEtcd(3, { args: ['--quota-backend-bytes', String(4 * 2 ** 30)] });
  try {
    return [
      ...(await measurePushes(etcd)),
      ...(await measureLatency(etcd)),
      ...(await measureChanges(etcd, 1)),
      ...(await measureChanges(etcd, 3)),
      ...(await measureBeats(etcd)),
    ];
  } finally {
    await etcd.close();
  }
}
