import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { LmdbStore, MemoryStore } from 'clusterflux/manager';
import { expect, it, onTestFinished } from 'vitest';
import { serve } from '../support/serve.js';
import { openNode, until } from './support/nodes.js';

it.each(['memory', 'lmdb'])(
  '#18 clock jumps of an hour back and forth end no lease and no deadline, and versions only rise (store: %s)',
  async (kind) => {
    const dir = await mkdtemp(join(tmpdir(), 'cflux-clock-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const { url, manager } = await serve({
      store: kind === 'memory' ? new MemoryStore() : new LmdbStore({ dir }),
      nodeTtl: 2_000,
    });
    const { now } = Date;
    onTestFinished(() => {
      Date.now = now;
    });
    const settings = { haste: 1, heartbeatInterval: 200 };
    const nodes = [await openNode(url, settings), await openNode(url, settings)] as const;
    const [a, b] = nodes;
    const versions: number[] = [];
    a.client.on('pushed', ({ version }) => versions.push(version));
    for (const [jump, hours] of [1, -1, 0, -24, 24, 0].entries()) {
      Date.now = () => now() + hours * 3_600_000;
      await a.client.createDatabase(`jump-${jump}`);
      await b.client.waitForVersion(a.client.status.version);
      const beats = nodes.map((node) => node.heard('heartbeat').length);
      await wait(450);
      await until(
        () => nodes.every((node, at) => node.heard('heartbeat').length > (beats[at] ?? 0)),
        'both beat on',
      );
      expect((await manager.nodes('faults')).map(({ alive }) => alive)).toEqual([true, true]);
    }
    expect(versions).toEqual([...versions].sort((one, other) => one - other));
    expect(b.databases()).toEqual(a.databases());
    for (const node of nodes) {
      for (const event of ['heartbeatFailed', 'registrationLost', 'syncFailed', 'epochChanged'] as const) {
        expect(node.heard(event), event).toEqual([]);
      }
      expect(node.heard('registered')).toHaveLength(1);
    }
  },
);
