import { writeSync } from 'node:fs';
import { CfluxClient, isCfluxError, LocalMetaClient } from '../../../src/index.js';

// A node that keeps its files in `dir` and makes changes until it is killed. It prints `open`, or the code and the message of its refusal.
const [endpoint = '', dir = ''] = process.argv.slice(2);
const client = new CfluxClient(new LocalMetaClient(), { cluster: 'c', endpoint, dir });
try {
  await client.open();
  writeSync(1, 'open\n');
  for (let i = 0; ; i++) await client.createDatabase(`${process.pid}-${i}`);
} catch (error) {
  writeSync(1, isCfluxError(error) ? `${error.code} ${error.message}\n` : `${error}\n`);
}
