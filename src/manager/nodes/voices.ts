import type { Clock } from '../../clock.js';
import type { NodeWord } from '../../protocol/node-word.js';
import type { NodeKind } from '../../protocol/nodes.js';
import type { Standing } from './instances.js';
import { type SaidOfNode, Voice } from './voice.js';

/** What the nodes of clusters said last, as this process heard it (R28). */
export class Voices {
  readonly #clock: Clock;
  readonly #ttl: number;
  /** By cluster, then by node id: a heartbeat makes no key of its own. */
  readonly #clusters = new Map<string, Map<number, Voice>>();

  /** @param ttl for how many milliseconds a node lives after a heartbeat */
  constructor(clock: Clock, ttl: number) {
    this.#clock = clock;
    this.#ttl = ttl;
  }

  /** @param isTimed `false`: the heartbeat came at a time that is not known */
  heartbeat(cluster: string, nodeId: number, word: NodeWord, isTimed = true): Standing {
    const clock = this.#clock.monotonic();
    const heardAt = isTimed ? clock : undefined;
    return this.#of(cluster, nodeId).heartbeat(word, heardAt, { clock, ttl: this.#ttl });
  }

  registered(cluster: string, nodeId: number, word: NodeWord): void {
    this.#of(cluster, nodeId).registered(word, this.#clock.monotonic());
  }

  poll(cluster: string, nodeId: number, word: NodeWord, isTimed = true): void {
    this.#of(cluster, nodeId).poll(word, isTimed ? this.#clock.monotonic() : undefined);
  }

  said(cluster: string, nodeId: number): SaidOfNode | undefined {
    return this.#clusters.get(cluster)?.get(nodeId)?.said(this.#clock.monotonic());
  }

  kindOf(cluster: string, nodeId: number): NodeKind | undefined {
    return this.#clusters.get(cluster)?.get(nodeId)?.kind;
  }

  forget(cluster: string, nodeId: number): void {
    const voices = this.#clusters.get(cluster);
    voices?.delete(nodeId);
    if (voices?.size === 0) this.#clusters.delete(cluster);
  }

  clear(): void {
    this.#clusters.clear();
  }

  #of(cluster: string, nodeId: number): Voice {
    let voices = this.#clusters.get(cluster);
    if (voices === undefined) {
      voices = new Map();
      this.#clusters.set(cluster, voices);
    }
    let voice = voices.get(nodeId);
    if (voice === undefined) {
      voice = new Voice();
      voices.set(nodeId, voice);
    }
    return voice;
  }
}
