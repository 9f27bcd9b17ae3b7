import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { FakeManager, FaultyTransport } from 'clusterflux/testing';
import createDebug from 'debug';
import { describe, expect, it, onTestFinished } from 'vitest';

async function setUp() {
  const fake = new FakeManager();
  const network = new FaultyTransport(fake.transport);
  const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), {
    transport: network,
    retry: { attempts: 1 },
  });
  onTestFinished(async () => {
    createDebug.disable();
    await client.close();
    await fake.close();
  });
  await client.open();
  return { client, network };
}

const stackOf = (error: unknown) => (error instanceof Error ? (error.stack ?? '') : '');

describe('with DEBUG=cflux:stacks', () => {
  it.each<[string, (client: CfluxClient) => Promise<unknown>, 'push' | 'nodes']>([
    ['a method', (client) => client.createDatabase('db'), 'push'],
    ['a method with a password', (client) => client.createUser('bob', 'secret', true), 'push'],
    ['mutate', (client) => client.mutate((meta) => meta.createDatabase('db')), 'push'],
    ['waitForVersion', (client) => client.waitForVersion(Number.MAX_SAFE_INTEGER, { timeout: 1 }), 'nodes'],
    ['nodes', (client) => client.nodes(), 'nodes'],
  ])('the error of %s has the frames of its caller, once', async (_, call, fault) => {
    const { client, network } = await setUp();
    createDebug.enable('cflux:stacks');
    createDebug.log = () => {};
    const provisionTenant = () => call(client);
    network.failNext(fault, { refuse: true });
    const error: unknown = await provisionTenant().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: expect.stringMatching(/UNREACHABLE|TIMEOUT/) });
    expect(stackOf(error).match(/at provisionTenant /g)).toHaveLength(1);
    expect(stackOf(error)).toMatch(/^CfluxError: /);
  });

  it('an error that rejects two changes has the frames of one of them', async () => {
    const { client, network } = await setUp();
    createDebug.enable('cflux:stacks');
    const provisionTenant = (name: string) => client.createDatabase(name);
    network.failNext('push', { refuse: true });
    const results = await Promise.allSettled([provisionTenant('a'), provisionTenant('b')]);
    for (const result of results)
      expect(
        stackOf(result.status === 'rejected' ? result.reason : '').match(/at provisionTenant /g),
      ).toHaveLength(1);
  });
});
