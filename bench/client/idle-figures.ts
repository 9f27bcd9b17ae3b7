import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Figure } from '../report.js';
import { ManagerProcess } from './manager-process.js';

/** What the process of a fleet measured; each number is one node's share. */
export interface IdleCost {
  /** Milliseconds of processor time in a second. */
  readonly processor: number;
  /** Kilobytes on the heap and in buffers, all garbage collected. */
  readonly memory: number;
  /** Kilobytes of the process's resident memory. */
  readonly resident: number;
}

/** What an idle fleet is made of: whole clients, or only the requests that no client can do without. */
export type Fleet = 'clients' | 'bare';

export const fleetSize = 1_000;

const program = fileURLToPath(new URL('./idle-fleet.ts', import.meta.url));

/** Runs idle-fleet.ts: a process of its own, so that nothing else is in its heap. */
async function idle(fleet: Fleet, url: string): Promise<IdleCost> {
  const child = fork(program, [fleet, url], { execArgv: ['--import', 'tsx', '--expose-gc'] });
  const ended = once(child, 'exit');
  const [cost] = await Promise.race([
    once(child, 'message'),
    ended.then(([code]) => {
      throw new Error(`the fleet ended with ${code}`);
    }),
  ]);
  await ended;
  return cost;
}

/** A thousand nodes with nothing to do but beat and wait. */
export async function idleFigures(): Promise<Figure[]> {
  const manager = await ManagerProcess.start();
  try {
    return [...(await figuresOf('LocalTransport', 'local')), ...(await figuresOf('HTTP', manager.url))];
  } finally {
    await manager.stop();
  }
}

async function figuresOf(wire: string, url: string): Promise<Figure[]> {
  const clients = await idle('clients', url);
  const bare = await idle('bare', url);
  const figure = (what: keyof IdleCost, name: string, unit: string): Figure => ({
    name: `${wire}: ${name} of each of ${fleetSize.toLocaleString('en')} idle clients`,
    value: clients[what],
    unit,
    floorName: 'a bare heartbeat every 5 s and a bare long poll',
    floor: bare[what],
  });
  return [
    figure('processor', 'processor time', 'ms/s'),
    figure('memory', 'heap and buffers', 'kB'),
    figure('resident', 'resident memory', 'kB'),
  ];
}
