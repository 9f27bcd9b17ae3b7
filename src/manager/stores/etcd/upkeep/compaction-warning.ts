import { isCompacted } from '../api/etcd-errors.js';
import type { RangeRequest } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';

/** Revisions after which etcd, if it compacts by itself, should have done so. */
const manyRevisions = 10_000;

/** etcd does not tell how it was started; that its first revision still is there after so many tells enough. */
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
