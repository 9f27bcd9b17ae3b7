import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { decodeMetadata } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { childProgram, kill } from './support/child.js';
import { changesIn, databasesAfter } from './support/restless-writer-rules.js';
import { temporaryDirectory } from './support/temporary-directory.js';

/** A thousand at night: `CFLUX_KILLS=1000`. */
const kills = Number(process.env['CFLUX_KILLS'] ?? 160);
const storesAtOnce = 16;
const writersAtOnce = 2;

/** What is known of a store: the changes that were begun, those that were acknowledged, the kills that hit it while it wrote. */
interface Progress {
  begun: number;
  acknowledged: number;
  hits: number;
}

describe('a writer that is killed at any moment', () => {
  const startWriter = childProgram('restless-writer');

  /** Lets a writer run for a while, kills it, and looks at each store. */
  async function round(dirs: readonly string[], progress: readonly Progress[]): Promise<void> {
    const writer = startWriter(...dirs);
    let linesToSee = storesAtOnce * 2 + Math.floor(Math.random() * 300);
    for await (const line of createInterface(writer.stdout)) {
      const [what, store, change] = line.split(' ');
      const known = progress[Number(store)];
      if (known === undefined) throw new Error(`the writer said ${line}`);
      if (what === 'b') known.begun = Number(change);
      else known.acknowledged = Number(change);
      // Its output between now and its death is still read.
      if (--linesToSee === 0) void kill(writer);
    }
    for (const [store, dir] of dirs.entries()) {
      const known = progress[store];
      const data = decodeMetadata(await readFile(join(dir, 'meta.db')));
      const changes = changesIn(data);
      expect([known?.acknowledged, known?.begun]).toContain(changes);
      expect(data.databases.map(({ name }) => name)).toEqual(databasesAfter(changes));
      const wasWriting = (await readdir(dir)).some((name) => name.endsWith('.tmp'));
      const hits = (known?.hits ?? 0) + (wasWriting ? 1 : 0);
      Object.assign(known ?? {}, { begun: changes, acknowledged: changes, hits });
    }
  }

  it(`leaves the old file or the new one, ${kills} times, and its lock is taken over`, async () => {
    const writers = Array.from({ length: writersAtOnce }, async () => {
      const dirs = await Promise.all(Array.from({ length: storesAtOnce }, temporaryDirectory));
      const progress = dirs.map(() => ({ begun: 0, acknowledged: 0, hits: 0 }));
      for (let done = 0; done < kills / writersAtOnce; done += storesAtOnce) await round(dirs, progress);
      return progress;
    });
    const progress = (await Promise.all(writers)).flat();
    for (const { acknowledged } of progress) expect(acknowledged).toBeGreaterThan(kills / 25);
    // Otherwise the kills would prove nothing.
    expect(progress.reduce((sum, { hits }) => sum + hits, 0)).toBeGreaterThan(kills / 20);
  }, 300_000);
});
