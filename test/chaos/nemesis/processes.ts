import { setTimeout as sleep } from 'node:timers/promises';
import type { ManagerServer } from '../world/manager-server.js';
import type { NodeProcess } from '../world/node-process.js';
import type { World } from '../world/world.js';
import type { Fault, Target } from './fault.js';

/** Managers that can not start since their store is struck too are started again until they can. */
async function startAtLast(manager: ManagerServer): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    try {
      await manager.start();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(300);
    }
  }
}

const ended =
  (signal: 'SIGKILL' | 'SIGTERM') =>
  (manager: ManagerServer): Target => ({
    name: manager.name,
    resource: manager.name,
    strike: async () => {
      // A manager that shuts down responds to held requests first: the harness does not wait for that.
      const gone = manager.program.end(signal);
      return async () => {
        const patience = setTimeout(() => manager.program.end('SIGKILL'), 5_000);
        await gone;
        clearTimeout(patience);
        await startAtLast(manager);
      };
    },
  });

const paused = ({ name, program }: ManagerServer | NodeProcess): Target => ({
  name,
  resource: name,
  strike: () => {
    program.pause();
    return () => program.resume();
  },
});

export const processFaults: readonly Fault[] = [
  { name: 'kill-manager', weight: 3, targets: ({ managers }) => managers.map(ended('SIGKILL')) },
  { name: 'restart-manager', weight: 1, targets: ({ managers }) => managers.map(ended('SIGTERM')) },
  { name: 'pause-manager', weight: 3, targets: ({ managers }) => managers.map(paused) },
  {
    name: 'kill-node',
    weight: 3,
    targets: ({ nodes }) =>
      nodes.map((node) => ({
        name: node.name,
        resource: node.name,
        strike: async () => {
          await node.program.end('SIGKILL');
          return () => node.start();
        },
      })),
  },
  {
    name: 'kill-influxd',
    weight: 2,
    targets: ({ servers }) =>
      servers.map((server, number) => ({
        name: `influxd of n${number}`,
        resource: `influxd${number}`,
        strike: async () => {
          await server.stop('SIGKILL');
          return () => server.start();
        },
      })),
  },
  { name: 'pause-node', weight: 2, targets: ({ nodes }: World) => nodes.map(paused) },
];
