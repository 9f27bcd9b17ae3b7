import { noVersion } from '../../protocol/version.js';
import type { Head } from '../manager-store.js';

/** The version that a node claims to have. */
interface Claim {
  readonly epoch?: string | undefined;
  readonly version: number;
  /** The mutation that created it, if the node sends it. */
  readonly mutation?: string | undefined;
}

/**
 * Whether `claim` cannot be a version of the history in `head`, although its epoch is the same: then the store was restored from a
 * backup, and other nodes have continued from there (R11). Versions that are no longer retained cannot be checked; a node with a version
 * above the newest detects that itself.
 */
export function isFromOtherHistory({ epoch, version, mutation }: Claim, head: Head): boolean {
  const { latest, retained = [] } = head;
  const oldest = retained.at(-1);
  if (epoch !== head.epoch || version === noVersion || latest === undefined || oldest === undefined)
    return false;
  if (version >= latest.version || version < oldest.version) return false;
  const same = retained.find((record) => record.version === version);
  return same === undefined || (mutation !== undefined && same.mutation !== mutation);
}
