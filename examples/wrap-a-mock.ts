/**
 * A test of one's own code on a CfluxClient, without a server or a network. Any test runner will do; this one is Node's.
 *
 *     tsx --test examples/wrap-a-mock.ts
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CfluxClient, CfluxError, isCfluxError, type MetaData } from 'clusterflux';
import { FakeManager, FaultyTransport, mockMetaClient } from 'clusterflux/testing';

/** The code under test: what a service does with its node's client. */
async function provision(client: CfluxClient, tenant: string): Promise<void> {
  await client.mutate(async (meta) => {
    await meta.createDatabase(tenant);
    await meta.createRetentionPolicy(tenant, { name: 'month', duration: '30d' }, true);
  });
}

test('a tenant gets a database and a policy, as one version', async () => {
  const fake = new FakeManager();
  const meta = mockMetaClient();
  const client = new CfluxClient(meta, { transport: fake.transport });
  await client.open();
  const before = client.status.version;
  await provision(client, 'acme');
  const made = meta.calls.filter(({ method }) => method.startsWith('create'));
  assert.deepEqual(made[0], { method: 'createDatabase', args: ['acme'] });
  assert.ok(client.status.version > before);
  assert.equal((await client.database('acme'))?.defaultRetentionPolicy, 'month');
  await client.close();
  await fake.close();
});

test('what the meta client refuses leaves nothing behind', async () => {
  const fake = new FakeManager();
  const createRetentionPolicy = () => Promise.reject(new CfluxError('RETENTION_POLICY_CONFLICT', 'no'));
  const meta = mockMetaClient({ overrides: { createRetentionPolicy } });
  const client = new CfluxClient(meta, { transport: fake.transport });
  await client.open();
  await assert.rejects(provision(client, 'acme'), (error) =>
    isCfluxError(error, 'RETENTION_POLICY_CONFLICT'),
  );
  assert.equal(await client.database('acme'), undefined);
  await client.close();
  await fake.close();
});

test('a lost response is retried, and the change is made once', async () => {
  const fake = new FakeManager();
  const network = new FaultyTransport(fake.transport, { patience: 10 });
  const client = new CfluxClient(mockMetaClient(), { transport: network });
  await client.open();
  const before = network.calls.push;
  network.failNext('push', { lose: 'answer' });
  await provision(client, 'acme');
  assert.equal(network.calls.push - before, 2);
  await client.close();
  await fake.close();
});

test('a client of one’s own needs no more than data and setData', async () => {
  const fake = new FakeManager();
  const own = {
    kept: await mockMetaClient().data(),
    data: () => own.kept,
    setData: (data: MetaData): void => {
      own.kept = data;
    },
  };
  const client = new CfluxClient(own, { transport: fake.transport });
  await client.open();
  await client.mutate((meta) => meta.setData({ ...meta.data(), term: 7n }));
  assert.equal(own.kept.term, 7n);
  // @ts-expect-error it has no createDatabase; in JavaScript the call rejects
  await assert.rejects(client.createDatabase('x'), (error) => isCfluxError(error, 'UNSUPPORTED_METHOD'));
  await client.close();
  await fake.close();
});
