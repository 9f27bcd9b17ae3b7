import { HttpTransport } from '../../../src/index.js';

// Leaves a poll held, a push unanswered and idle connections behind, and closes: nothing else ends this process.
const [endpoint = ''] = process.argv.slice(2);
const transport = new HttpTransport({ endpoint });
await Promise.all([1, 2, 3].map((nodeId) => transport.heartbeat({ cluster: 'c', nodeId })));
const calls = Promise.allSettled([
  transport.poll({ cluster: 'c', version: 1, wait: 300_000 }),
  transport.push({ cluster: 'c', version: 1, snapshot: new Uint8Array(10), mutation: 'm' }),
]);
process.stdin.once('data', async () => {
  process.stdin.destroy();
  await transport.close();
  const codes = (await calls).map((call) => call.status === 'rejected' && call.reason.code);
  process.stdout.write(JSON.stringify(codes));
});
