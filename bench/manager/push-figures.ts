import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureInTurn } from '../measure.js';
import type { Figure } from '../report.js';
import { startServer } from './server-child.js';

const sizes = { '1 KiB': 1_024, '100 KiB': 100 * 1_024, '5 MiB': 5 * 1_024 * 1_024 };

/** A push over HTTP to a manager on lmdb, beside a durable write of the same bytes to a file. */
export async function pushFigures(): Promise<Figure[]> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-bench-'));
  const server = await startServer('manager', join(dir, 'data'));
  const figures: Figure[] = [];
  try {
    for (const [name, size] of Object.entries(sizes)) {
      const body = Buffer.alloc(size, 'shard group ');
      let version = '0';
      const push = async () => {
        const answer = await fetch(`${server.url}/clusters/${size}/versions/${version}`, {
          method: 'POST',
          body,
        });
        await answer.arrayBuffer();
        version = answer.headers.get('version') ?? '0';
      };
      const file = openSync(join(dir, 'floor'), 'w');
      const write = () => {
        writeSync(file, body, 0, size, 0);
        fdatasyncSync(file);
      };
      const { pushed, written } = await measureInTurn({ pushed: push, written: write }, { rounds: 31 });
      closeSync(file);
      const floorName = 'a durable write of the same bytes';
      figures.push({ name: `push of ${name}`, value: pushed, unit: 'ms', floorName, floor: written });
    }
    return figures;
  } finally {
    await server.stop();
    await rm(dir, { recursive: true });
  }
}
