import { writeSync } from 'node:fs';
import { LocalMetaClient } from '../../../src/meta/local-meta-client.js';
import { changesIn, keptDatabases } from './restless-writer-rules.js';

/**
 * Opens a client in each of the directories and changes all of them over and over, until it is killed. Says of each change that it
 * began (`b <store> <number of the change>`), and that it was acknowledged (`a …`).
 */
async function write(store: number, dir: string): Promise<never> {
  const client = new LocalMetaClient({ dir });
  await client.open();
  for (let change = changesIn(client.data()) + 1; ; change++) {
    writeSync(1, `b ${store} ${change}\n`);
    // Two commits, but one write: half of a change must never be seen.
    await Promise.all([
      client.createDatabase(`db${change}`),
      client.dropDatabase(`db${change - keptDatabases}`),
    ]);
    writeSync(1, `a ${store} ${change}\n`);
  }
}

await Promise.all(process.argv.slice(2).map((dir, store) => write(store, dir)));
