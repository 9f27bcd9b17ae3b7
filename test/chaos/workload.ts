import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/random.js';
import type { Call } from './history.js';
import type { NodeProcess } from './world/node-process.js';

/** So many changes go to the same keys; then to new ones, for lists only grow and the checker likes them short. */
const generationLength = 150;
/** And so many of unknown outcome: each of them may have happened at any time since, which doubles what has to be thought of. */
const maxUnknown = 8;
const keysOfAKind = 2;
const kinds = ['log', 'slot', 'db'] as const;

/** Draws what clients ask for. */
export class Calls {
  readonly #random: Random;
  #changes = 0;
  #unknown = 0;
  #generation = 0;
  #generationEnd = generationLength;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): Call {
    const drawn = this.#random();
    if (drawn < 0.3) return { do: 'read', keys: this.#keysToRead() };
    this.#changes += 1;
    if (this.#changes >= this.#generationEnd || this.#unknown >= maxUnknown) {
      this.#generation += 1;
      this.#generationEnd = this.#changes + generationLength;
      this.#unknown = 0;
    }
    const value = `v${this.#changes}`;
    if (drawn < 0.7) return { do: 'append', key: this.#key('log'), value };
    if (drawn < 0.81) return { do: 'create', key: this.#key('slot'), value };
    if (drawn < 0.9) return { do: 'drop', key: this.#key('slot') };
    if (drawn < 0.94) return { do: 'recreate', key: this.#key('db'), value };
    return { do: drawn < 0.97 ? 'make' : 'remove', key: this.#key('db') };
  }

  /** The outcome of a change is not known. */
  noteUnknown(): void {
    this.#unknown += 1;
  }

  #key(kind: (typeof kinds)[number]): string {
    return `${kind}-${this.#generation}-${Math.floor(this.#random() * keysOfAKind)}`;
  }

  /** Those of now, and those of before, to which late changes may still come. */
  #keysToRead(): readonly string[] {
    const generations = [this.#generation, this.#generation - 1].filter((one) => one >= 0);
    return kinds.flatMap((kind) =>
      generations.flatMap((one) => Array.from({ length: keysOfAKind }, (_, i) => `${kind}-${one}-${i}`)),
    );
  }
}

/** Clients that ask every node for one operation after the other, several at a time so that changes go together (R7). */
export class Workload {
  readonly #random: Random;
  readonly #calls: Calls;
  readonly #pause: number;
  #succeeded = 0;
  #isStopping = false;
  readonly #workers: Promise<void>[];

  /** `pause`: milliseconds between two operations of a client, at most. */
  constructor(nodes: readonly NodeProcess[], random: Random, { clients = 3, pause = 120 } = {}) {
    this.#random = random;
    this.#calls = new Calls(random);
    this.#pause = pause;
    this.#workers = nodes.flatMap((node) => Array.from({ length: clients }, () => this.#work(node)));
  }

  /** Resolves when `least` operations have succeeded, however slow the machine is; after two minutes also without. */
  async succeeded(least: number): Promise<void> {
    const deadline = performance.now() + 120_000;
    while (this.#succeeded < least && performance.now() < deadline) await sleep(100);
  }

  /** Resolves when every operation has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#workers);
  }

  async #work(node: NodeProcess): Promise<void> {
    while (!this.#isStopping) {
      const call = this.#calls.next();
      const outcome = node.program.isAlive ? await node.perform(call) : undefined;
      if (outcome === 'ok') this.#succeeded += 1;
      if (outcome === 'unknown' && call.do !== 'read') this.#calls.noteUnknown();
      await sleep(this.#random() * this.#pause);
    }
  }
}
