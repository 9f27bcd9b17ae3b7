import assert from 'node:assert/strict';
import type { Commit, ManagerStore, StoreContext } from '../../manager/index.js';

/** What a check works with. */
export interface Bench {
  readonly context: StoreContext;
  /** A store on the place of this check, open. */
  readonly store: ManagerStore;
  /** Another store on the same place, open. */
  another(): Promise<ManagerStore>;
  pass(ms: number): Promise<void>;
}

export const bytes = (text: string) => new TextEncoder().encode(text);
export const text = (snapshot: Uint8Array | undefined) => new TextDecoder().decode(snapshot);
/** A node as it describes itself. */
export const node = { ip: '10.0.0.1,', hostname: 'h', bindAddress: 'h:8086' };
let mutations = 0;
/** A commit under a mutation id of its own. */
export const push = (
  cluster: string,
  base: number,
  snapshot: string,
  more: Partial<Commit> = {},
): Commit => ({
  cluster,
  base,
  snapshot: bytes(snapshot),
  mutation: `mutation-${mutations++}`,
  ...more,
});

/** Commits on the newest version, and resolves with the new version. */
export async function commitNext(store: ManagerStore, cluster: string, snapshot: string): Promise<number> {
  const { latest } = await store.head(cluster);
  const result = await store.commit(push(cluster, latest?.version ?? 0, snapshot));
  assert.equal(result.kind, 'committed');
  return result.record.version;
}

/** What must hold, by its name. */
export type Checks = Readonly<Record<string, (bench: Bench) => Promise<void>>>;
