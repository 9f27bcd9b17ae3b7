import { writeSync } from 'node:fs';
import { LocalMetaClient } from '../../../src/meta/local-meta-client.js';

/** Opens the directory, prints that (or why not), and holds it until the process is ended. */
const client = new LocalMetaClient({ dir: process.argv[2] ?? '' });
try {
  await client.open();
  writeSync(1, 'open\n');
  setInterval(() => {}, 60_000);
} catch (error) {
  writeSync(1, `${error instanceof Error && 'code' in error ? error.code : ''} ${error}\n`);
}
