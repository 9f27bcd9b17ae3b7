import { CfluxError } from '../../../../errors.js';
import { etcd } from '../api/methods.js';
import type { EtcdParts } from '../etcd-parts.js';

const limits = { timeout: 2_500 };
/** etcd's number for the alarm. */
const noSpace = 1;

/** Rejects if etcd cannot serve: it is unreachable, has no quorum, or accepts no more writes. */
export async function checkHealth({ connection, keys }: EtcdParts): Promise<void> {
  // A linearizable read needs the quorum that a write needs.
  await connection.call(etcd.range, { key: keys.store, countOnly: true }, limits);
  const alarms = await connection.call(etcd.alarm, undefined, limits);
  if (alarms.includes(noSpace)) {
    const message = 'etcd has reached its storage quota: compact, defragment and disarm the NOSPACE alarm';
    throw new CfluxError('OUT_OF_SPACE', message, { outcome: 'notApplied' });
  }
  if (alarms.length > 0)
    throw new CfluxError(
      'STORAGE_FAILED',
      'etcd has raised an alarm: its data is corrupt; repair or replace the member',
    );
}
