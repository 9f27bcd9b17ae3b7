import { once } from 'node:events';
import { connect } from 'node:net';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { expect, it, onTestFinished } from 'vitest';
import { serve } from '../support/serve.js';

const tokens = [
  { name: 'a', token: 'metadata-a-metadata-a', scopes: ['metadata'] as const, cluster: 'a' },
  { name: 'b', token: 'node-b-node-b-node-b', scopes: ['node'] as const, cluster: 'b' },
];

it('R24: one connection that pipelines polls of its cluster leaves the polls of other clusters alone', async () => {
  const { url, manager } = await serve({}, { tokens });
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const poll = `GET /clusters/a/versions/0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokens[0]?.token}\r\n\r\n`;
  socket.write(poll.repeat(50_000));
  await expect.poll(() => manager.heldPolls).toBe(4);

  const client = new CfluxClient(new LocalMetaClient(), {
    cluster: 'b',
    endpoint: url,
    token: tokens[1]?.token ?? '',
    retry: { attempts: 1 },
  });
  onTestFinished(() => client.close());
  await client.open();
  await client.createDatabase('d');
  expect(client.status.state).toBe('online');
});
