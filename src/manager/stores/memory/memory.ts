import type { NodeKind } from '../../../protocol/nodes.js';
import { dropsOf, type StoredDrops } from '../../drops/stored-drops.js';
import type { Head, NodeDetails, SnapshotBytes, VersionRecord } from '../../manager-store.js';
import { epochOf } from '../numbering.js';

interface KeptVersion {
  readonly record: VersionRecord;
  readonly snapshot: SnapshotBytes;
}

export interface MemoryNode {
  info: NodeDetails & { readonly id: number };
  /** It reported that it shuts down, and has sent no heartbeat since. */
  left: boolean;
  /** What it was when the store was last closed. */
  kind?: NodeKind | undefined;
  report?: string | undefined;
}

export interface MemoryCluster {
  /** Newest last. */
  readonly versions: KeptVersion[];
  /** Version by mutation id, oldest first. */
  readonly mutations: Map<string, { readonly version: number; readonly at: number }>;
  readonly nodes: Map<number, MemoryNode>;
  drops?: StoredDrops;
}

/** The data that stores on the same memory share. */
export class Memory {
  readonly clusters = new Map<string, MemoryCluster>();
  /** Highest version of a deleted cluster, by its name. */
  readonly generations = new Map<string, number>();
  readonly listeners = new Set<(cluster: string) => void>();
  id: string | undefined;
  lastNodeId = 0;

  /** Returns an independent copy of the data, without listeners. */
  copy(): Memory {
    const copy = new Memory();
    copy.id = this.id;
    copy.lastNodeId = this.lastNodeId;
    for (const [name, generation] of this.generations) copy.generations.set(name, generation);
    for (const [name, { versions, mutations, nodes, drops }] of this.clusters) {
      copy.clusters.set(name, {
        versions: [...versions],
        mutations: new Map(mutations),
        nodes: new Map([...nodes].map(([nodeId, node]) => [nodeId, { ...node }])),
        ...(drops === undefined ? {} : { drops }),
      });
    }
    return copy;
  }

  /** Returns the cluster of this name. Creates it if necessary. */
  cluster(name: string): MemoryCluster {
    const existing = this.clusters.get(name);
    if (existing !== undefined) return existing;
    const cluster: MemoryCluster = { versions: [], mutations: new Map(), nodes: new Map() };
    this.clusters.set(name, cluster);
    return cluster;
  }

  generation(name: string): number {
    return this.generations.get(name) ?? 0;
  }

  head(name: string): Head {
    const versions = this.clusters.get(name)?.versions ?? [];
    return {
      epoch: epochOf(this.id ?? '', name, this.generation(name)),
      latest: versions.at(-1)?.record,
      retained: versions.map(({ record }) => record).reverse(),
    };
  }

  drops(name: string): StoredDrops {
    return dropsOf(this.clusters.get(name)?.drops, this.generation(name));
  }

  /** Returns the highest version that was ever used under this name. */
  highestVersion(name: string): number {
    return this.clusters.get(name)?.versions.at(-1)?.record.version ?? this.generation(name);
  }

  notify(cluster: string): void {
    for (const onChange of this.listeners) onChange(cluster);
  }
}
