/**
 * A live InfluxDB 1.x server follows a cluster, from a program of one's own; `cflux agent` is this as a command.
 *
 *     tsx examples/live-influxdb.ts http://127.0.0.1:8086 http://manager:8000 [directory]
 */
import { mkdir } from 'node:fs/promises';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { describeItem, InfluxMirror } from 'clusterflux/influxdb';

const [url = 'http://127.0.0.1:8086', endpoint = 'http://localhost:8000', dir = '.cflux/influxdb'] =
  process.argv.slice(2);
await mkdir(`${dir}/cluster`, { recursive: true });

const client = new CfluxClient(new LocalMetaClient({ dir: `${dir}/cluster` }), { endpoint, dir });
const mirror = new InfluxMirror({
  url,
  dir,
  // InfluxQL cannot set a hash: a user is made only with a password that matches the cluster's.
  passwords: (user) => process.env[`PASSWORD_OF_${user}`],
});
mirror.on('report', ({ done, pending, unmanaged }) => {
  console.log(`${done.length} changes made`);
  for (const { item, reason } of pending) console.log(`waits for you: ${describeItem(item)}: ${reason}`);
  for (const item of unmanaged) console.log(`unmanaged: ${describeItem(item)}`);
});
mirror.on('failed', ({ error, retryIn }) => console.error(`${error.message}; again in ${retryIn} ms`));

// Before the client opens, so that the mirror receives every event of the client.
mirror.follow(client);
await client.open();
process.once('SIGINT', async () => {
  await mirror.close();
  await client.close();
});
