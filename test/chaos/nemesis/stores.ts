import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdOperator } from '../world/etcd-operator.js';
import type { Fault, Heal } from './fault.js';

/** A heal that waits until it is possible: what it needs may be struck too. */
const atLast = (heal: () => Promise<void>): Heal => {
  return async () => {
    const deadline = performance.now() + 60_000;
    for (;;) {
      try {
        return await heal();
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await sleep(300);
      }
    }
  };
};

export const storeFaults: readonly Fault[] = [
  {
    name: 'disk-full',
    weight: 2.5,
    targets: ({ disk, managers }) =>
      disk === undefined
        ? []
        : [
            {
              name: `disk of ${managers[0]?.name}`,
              resource: 'disk',
              strike: async () => {
                await disk.fill();
                return () => disk.free();
              },
            },
          ],
  },
  {
    name: 'kill-etcd',
    weight: 3,
    targets: ({ etcd }) =>
      (etcd?.members ?? []).map((member, number) => ({
        name: `e${number}`,
        resource: `e${number}`,
        strike: async () => {
          await member.kill();
          return () => member.start();
        },
      })),
  },
  {
    name: 'pause-etcd',
    weight: 3,
    targets: ({ etcd }) =>
      (etcd?.members ?? []).map((member, number) => ({
        name: `e${number}`,
        resource: `e${number}`,
        strike: () => {
          member.pause();
          return () => member.resume();
        },
      })),
  },
  {
    name: 'compact-etcd',
    weight: 3,
    targets: ({ etcd }) =>
      etcd === undefined
        ? []
        : [
            {
              name: 'all of its history',
              resource: 'compaction',
              strike: async () => {
                // Without a quorum there is nothing to be had, and nothing to be lost.
                await new EtcdOperator(etcd).compact().catch(() => undefined);
                return () => undefined;
              },
            },
          ],
  },
  {
    name: 'etcd-quota',
    weight: 3,
    targets: ({ etcd }) =>
      etcd === undefined
        ? []
        : [
            {
              name: 'all of its room',
              resource: 'quota',
              strike: async () => {
                const operator = new EtcdOperator(etcd);
                await operator.fill().catch(() => undefined);
                return atLast(() => operator.free());
              },
            },
          ],
  },
];
