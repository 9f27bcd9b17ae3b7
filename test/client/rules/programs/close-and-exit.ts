import { writeSync } from 'node:fs';
import { CfluxClient, CfluxError, LocalMetaClient } from '../../../../src/index.js';
import { ResponsiveTime } from '../../../support/responsive-time.js';

// Opens a client, changes something, closes, and prints on stdout how long the process lived after that: nothing else ends it.
const [endpoint = '', dir = '', what = ''] = process.argv.slice(2);
const meta = new LocalMetaClient({ dir, bcryptCost: 4 });
const client = new CfluxClient(meta, { cluster: 'exit', endpoint, dir, startOffline: what === 'dead' });
const sinceClose = new ResponsiveTime();
let notified = 'nothing';
process.on('exit', () => {
  const lived = Math.round(sinceClose.ms);
  writeSync(1, JSON.stringify({ lived, notified, state: client.status.state }));
});

await client.open();
const change = client.createDatabase('a').then(
  () => {
    notified = 'resolved';
  },
  (error: unknown) => {
    notified = error instanceof CfluxError ? error.code : String(error);
  },
);
if (what === 'idle') await change;
else await new Promise((resolve) => setTimeout(resolve, 100));
await client.close({ timeout: 300 });
await change;
sinceClose.restart();
