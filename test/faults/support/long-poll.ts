import { HttpTransport } from 'clusterflux';

// Holds one poll with fetch alone and one with HttpTransport, and prints what becomes of both.
const [endpoint = '', hold] = process.argv.slice(2);
const bare = fetch(`${endpoint}/bare`).then(
  (response) => response.status,
  (error: Error) => (error.cause instanceof Error ? error.cause.name : String(error)),
);
// The transport loads them with its first request, and that time would count many times here.
await Promise.all([import('ky'), import('undici')]);
const transport = new HttpTransport({ endpoint });
const polled = await transport.poll({ cluster: 'c', version: 1, wait: Number(hold) });
process.stdout.write(JSON.stringify({ bare: await bare, polled }));
await transport.close();
