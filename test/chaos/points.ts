import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../src/random.js';
import { seededRandom } from '../../src/testing/seeded-random.js';
import type { Written } from './programs/messages.js';
import type { NodeProcess } from './world/node-process.js';
import type { World } from './world/world.js';

/** Databases that are only dropped by orders, and created again in the same change. */
const orderedDatabases = ['points-0', 'points-1'] as const;
/** A database that nothing drops. */
const keptDatabase = 'points-kept';

/** A point that a server acknowledged. */
export interface Point extends Written {
  /** Number of the node and its server. */
  readonly server: number;
  /** The node in its life. */
  readonly client: string;
  readonly database: string;
  readonly value: string;
}

/** Milliseconds between two orders, and between two points of a server, at most. */
const orderPause = 2_500;
const pointPause = 150;

/** Writes points to the server of each node, while drops of their databases are ordered (R36). */
export class PointWriters {
  /** Each acknowledged point, oldest first. */
  readonly points: Point[] = [];
  readonly #random: Random;
  readonly #work: readonly Promise<void>[];
  #isStopping = false;
  #values = 0;

  constructor({ nodes, servers }: Pick<World, 'nodes' | 'servers'>, seed: number) {
    this.#random = seededRandom(seed);
    this.#work =
      servers.length === 0
        ? []
        : [this.#order(nodes), ...nodes.map((node, server) => this.#write(node, server))];
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#work);
  }

  async #order(nodes: readonly NodeProcess[]): Promise<void> {
    await nodes[0]?.perform({ do: 'make', key: keptDatabase });
    for (let number = 0; !this.#isStopping; number++) {
      const node = nodes[Math.floor(this.#random() * nodes.length)];
      const key = orderedDatabases[number % orderedDatabases.length] ?? '';
      if (node?.program.isAlive) await node.perform({ do: 'recreate', key, value: `points ${number}` });
      await sleep(this.#random() * orderPause);
    }
  }

  async #write(node: NodeProcess, server: number): Promise<void> {
    const databases = [...orderedDatabases, keptDatabase];
    while (!this.#isStopping) {
      const database = databases[Math.floor(this.#random() * databases.length)] ?? '';
      const value = String(++this.#values);
      const { client } = node;
      const answer = await node.ask({ write: { database, value } });
      if (answer?.written) this.points.push({ server, client, database, value, ...answer.written });
      await sleep(this.#random() * pointPause);
    }
  }
}
