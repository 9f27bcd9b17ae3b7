import { isCompacted } from '../api/etcd-errors.js';
import type { RangeRequest } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';

/** Number of revisions after which etcd should have compacted, if automatic compaction is enabled. */
const manyRevisions = 10_000;

/** etcd does not report how it was started; if its first revision still exists after so many, it does not compact. */
export async function warnWithoutCompaction(
  connection: { call(method: typeof etcd.range, request: RangeRequest): Promise<unknown> },
  {
    key,
    revision,
    warn,
  }: { readonly key: string; readonly revision: number; readonly warn: (message: string) => void },
): Promise<void> {
  if (revision < manyRevisions) return;
  try {
    await connection.call(etcd.range, { key, revision: 1, countOnly: true });
  } catch (error) {
    if (isCompacted(error)) return;
    throw error;
  }
  warn(
    `etcd has kept all of its ${revision} revisions: start it with --auto-compaction-retention, or it fills its quota`,
  );
}
