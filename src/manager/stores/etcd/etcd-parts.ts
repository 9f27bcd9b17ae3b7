import { CfluxError } from '../../../errors.js';
import type { StoreContext } from '../../manager-store.js';
import { EtcdConnection } from './connect/connection.js';
import type { EtcdOptions } from './connect/etcd-options.js';
import { Keys } from './keys.js';
import { Leases } from './leases/leases.js';
import { SharedLease } from './leases/shared-lease.js';
import { Nodes } from './nodes/nodes.js';
import { EtcdPushQueue } from './queue/etcd-push-queue.js';
import { warnWithoutCompaction } from './upkeep/compaction-warning.js';
import { Housekeeping } from './upkeep/housekeeping.js';
import { ManagerRegistry } from './upkeep/manager-registry.js';
import { openIdentity } from './upkeep/store-identity.js';
import { ClusterDrops } from './versions/cluster-drops.js';
import { Commits } from './versions/commits.js';
import { HeadWatch } from './versions/head-watch.js';
import { Heads } from './versions/heads.js';
import { SnapshotPieces } from './versions/snapshot-pieces.js';

const emitWarning = (message: string) => process.emitWarning(message);

/** The components of an open store. */
export interface EtcdParts {
  readonly context: StoreContext;
  readonly connection: EtcdConnection;
  readonly keys: Keys;
  readonly storeId: string;
  readonly heads: Heads;
  readonly pieces: SnapshotPieces;
  readonly drops: ClusterDrops;
  readonly commits: Commits;
  readonly nodes: Nodes;
  readonly presence: ManagerRegistry;
  readonly turns: EtcdPushQueue;
  /** `reason`: the error of calls from now on. */
  close(reason?: CfluxError): Promise<void>;
}

export interface PartsListener {
  /** A head has changed; `undefined`: any of them may have. */
  onChange(cluster: string | undefined): void;
  /** etcd's revision went backwards: these parts must not be used any more. */
  onWentBack(): void;
}

/** Connects, and resolves when all parts are ready: from then on every change of a head is reported. */
export async function openParts(
  options: EtcdOptions,
  context: StoreContext,
  { onChange, onWentBack }: PartsListener,
): Promise<EtcdParts> {
  const connection = await EtcdConnection.connect(options, context.clock, context.random, onWentBack);
  try {
    const keys = new Keys(options.prefix ?? '/clusterflux/');
    const { storeId, revision } = await openIdentity(connection, keys, context.random);
    await warnWithoutCompaction(connection, { key: keys.store, revision, warn: options.warn ?? emitWarning });
    const heads = new Heads(connection, keys);
    const pieces = new SnapshotPieces(connection, keys);
    const drops = new ClusterDrops({ connection, keys, storeId }, context);
    const { mutationMemory } = context;
    const leases = new Leases(connection, context.random);
    const turns = new EtcdPushQueue(connection, keys, context);
    const housekeeping = new Housekeeping({ connection, keys, pieces }, context);
    const presence = new ManagerRegistry({ connection, keys, leases }, context);
    const watch = new HeadWatch({ connection, keys, heads, turns }, context, { after: revision, onChange });
    const commits = new Commits(
      {
        connection,
        keys,
        heads,
        pieces,
        drops,
        turns,
        storeId,
        mutationLease: new SharedLease(leases, context.clock, {
          atLeast: mutationMemory,
          slack: mutationMemory,
        }),
        onWrite: (bytes, at) => housekeeping.wrote(bytes, at),
      },
      context,
    );
    const nodes = new Nodes(connection, { keys, heads, leases, manager: turns.self }, context);
    const close = async (reason?: CfluxError) => {
      watch.close();
      turns.close(reason);
      await housekeeping.close();
      await presence.close();
      nodes.close(reason);
      await connection.close(reason);
    };
    await watch.start();
    housekeeping.start(revision);
    return {
      context,
      connection,
      keys,
      storeId,
      heads,
      pieces,
      drops,
      commits,
      nodes,
      presence,
      turns,
      close,
    };
  } catch (error) {
    await connection.close(CfluxError.from(error));
    throw error;
  }
}
