import type { Clock } from '../../clock.js';
import type { NodeProgress } from '../../protocol/node-progress.js';
import type { NodeKind } from '../../protocol/nodes.js';
import type { InstanceState } from './instances.js';
import { type KnownProgress, TrackedNode } from './tracked-node.js';

/** Tracks the progress of nodes, from requests to this process (R28). */
export class TrackedNodes {
  readonly #clock: Clock;
  readonly #ttl: number;
  /** By cluster, then by node id: a heartbeat needs no composed key. */
  readonly #clusters = new Map<string, Map<number, TrackedNode>>();

  /** @param ttl time to live of a node after a heartbeat, in milliseconds */
  constructor(clock: Clock, ttl: number) {
    this.#clock = clock;
    this.#ttl = ttl;
  }

  /** @param isTimed `false` if the time of the heartbeat is unknown */
  heartbeat(cluster: string, nodeId: number, progress: NodeProgress, isTimed = true): InstanceState {
    const clock = this.#clock.monotonic();
    const seenAt = isTimed ? clock : undefined;
    return this.#of(cluster, nodeId).heartbeat(progress, seenAt, { clock, ttl: this.#ttl });
  }

  registered(cluster: string, nodeId: number, progress: NodeProgress): void {
    this.#of(cluster, nodeId).registered(progress, this.#clock.monotonic());
  }

  poll(cluster: string, nodeId: number, progress: NodeProgress, isTimed = true): void {
    this.#of(cluster, nodeId).poll(progress, isTimed ? this.#clock.monotonic() : undefined);
  }

  progress(cluster: string, nodeId: number): KnownProgress | undefined {
    return this.#clusters.get(cluster)?.get(nodeId)?.progress(this.#clock.monotonic());
  }

  kindOf(cluster: string, nodeId: number): NodeKind | undefined {
    return this.#clusters.get(cluster)?.get(nodeId)?.kind;
  }

  forget(cluster: string, nodeId: number): void {
    const tracked = this.#clusters.get(cluster);
    tracked?.delete(nodeId);
    if (tracked?.size === 0) this.#clusters.delete(cluster);
  }

  forgetAll(cluster: string): void {
    this.#clusters.delete(cluster);
  }

  clear(): void {
    this.#clusters.clear();
  }

  #of(cluster: string, nodeId: number): TrackedNode {
    let tracked = this.#clusters.get(cluster);
    if (tracked === undefined) {
      tracked = new Map();
      this.#clusters.set(cluster, tracked);
    }
    let voice = tracked.get(nodeId);
    if (voice === undefined) {
      voice = new TrackedNode();
      tracked.set(nodeId, voice);
    }
    return voice;
  }
}
