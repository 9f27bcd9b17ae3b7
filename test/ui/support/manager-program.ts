import { auditLine } from '../../../src/cli/audit-line.js';
import { createManagerServer, EtcdStore, LmdbStore, Manager } from '../../../src/manager/index.js';

// A manager with the dashboard, in a process of its own: `manager-program.ts PORT UI TOKENS lmdb DIRECTORY` or `… etcd ENDPOINT…`; TOKENS may be empty.
const [port = '0', ui = '', tokens = '', kind, ...where] = process.argv.slice(2);
const store =
  kind === 'etcd'
    ? new EtcdStore({ endpoints: where, prefix: '/dashboard/' })
    : new LmdbStore({ dir: where[0] ?? '' });
const manager = new Manager({
  store,
  audit: (entry) => process.stderr.write(`${auditLine(entry, Date.now())}\n`),
});
const server = await createManagerServer(manager, {
  port: Number(port),
  ui,
  ...(tokens === '' ? {} : { tokens }),
});
process.once('SIGTERM', async () => {
  await server.close();
  await manager.close();
});
process.stdout.write(`${server.url}\n`);
