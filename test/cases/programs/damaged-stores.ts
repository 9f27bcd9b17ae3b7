import { writeSync } from 'node:fs';
import { isCfluxError } from '../../../src/index.js';
import { LmdbStore, Manager } from '../../../src/manager/index.js';
import { contentOf } from './manager-content.js';

// Opens each store, reads all of it and changes it. Prints a line for each: what it holds, or how it was refused.
// CFLUX_TEST_USER: the user that it does so as, by id. Packages are loaded before, because that user may not be able to read them.
const user = process.env['CFLUX_TEST_USER'];
if (user !== undefined) {
  await import('lmdb');
  process.setgroups?.([]);
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
}

for (const dir of process.argv.slice(2)) {
  const manager = new Manager({ store: new LmdbStore({ dir }) });
  let line: string;
  try {
    await manager.open();
    line = await contentOf(manager);
    await manager.deleteCluster('c1');
    await manager.push({ cluster: 'new', version: 0, snapshot: Buffer.alloc(20_000), mutation: 'm' });
  } catch (error) {
    line = isCfluxError(error) ? `${error.code}: ${error.message}` : `unexpected: ${error}`;
  }
  await manager.close();
  writeSync(1, `${line}\n`);
}
