import { setTimeout as sleep } from 'node:timers/promises';
import type { OperationLog } from './operation-log.js';
import type { ManagerServer } from './world/manager-server.js';
import type { World } from './world/world.js';

/** Milliseconds between two looks at a manager. */
const pause = 250;
/** Milliseconds for a response. */
const patience = 1_000;

interface ShownNode {
  readonly id: number;
  readonly heldVersion?: number;
}

/**
 * R28, while faults strike: a held version that a manager shows is one of its history, which it lists before and after, or older than all
 * that it has kept. A manager without a response shows nothing.
 */
export class ShownProgress {
  readonly #log: OperationLog;
  readonly #watching: Promise<void>[];
  #isOver = false;

  constructor({ managers }: World, log: OperationLog) {
    this.#log = log;
    this.#watching = managers.map((manager) => this.#watch(manager));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#watching);
  }

  async #watch(manager: ManagerServer): Promise<void> {
    while (!this.#isOver) {
      // The manager is struck as well.
      await this.#look(manager).catch(() => undefined);
      await sleep(pause);
    }
  }

  async #look({ name, url }: ManagerServer): Promise<void> {
    const before = await versionsOf(url);
    const nodes = await read<readonly ShownNode[]>(`${url}/nodes/chaos`);
    const after = await versionsOf(url);
    const newest = Math.max(0, ...after);
    for (const { id, heldVersion = 0 } of nodes) {
      if (heldVersion <= newest && ![before, after].some((kept) => lacks(kept, heldVersion))) continue;
      const what = `shows node ${id} at ${heldVersion}, which is not a version: ${after.join(' ')}`;
      this.#log.complain({ client: name, time: 0, what });
    }
  }
}

/** Whether `version` is between the kept versions, and none of them. */
const lacks = (kept: readonly number[], version: number) =>
  version > Math.min(...kept) && version < Math.max(...kept) && !kept.includes(version);

const versionsOf = async (url: string) =>
  (await read<readonly { readonly version: number }[]>(`${url}/clusters/chaos/history`)).map(
    ({ version }) => version,
  );

async function read<T>(url: string): Promise<T> {
  const response = await fetch(url, { signal: AbortSignal.timeout(patience) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return (await response.json()) as T;
}
