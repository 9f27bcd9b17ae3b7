import type { Commit } from '../manager-store.js';
import type { SharedBytes } from './shared-bytes.js';

/** A version that is to be stored. */
export type NewVersion = Omit<Commit, 'author' | 'snapshot' | 'bytes'> & { readonly snapshot: SharedBytes };

/** Returns what a store is asked to commit: its bytes in pieces, and as a whole for a store that reads them so. */
export function commitOf({ snapshot: bytes, ...version }: NewVersion, author: string | undefined): Commit {
  return {
    ...version,
    author,
    bytes,
    get snapshot() {
      return bytes.whole();
    },
  };
}
