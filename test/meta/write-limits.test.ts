import {
  CfluxClient,
  decodeMetadata,
  encodeMetadata,
  equalMetadata,
  LocalMetaClient,
  type RetentionPolicyInfo,
} from 'clusterflux';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { touched } from './support/touched.js';
import { databaseHead, delimited, number, policyHead, root } from './support/wire.js';

const hour = 3_600_000_000_000n;

/** Metadata with one policy, which has these fields after those of older versions. */
const withFields = (...fields: readonly number[]) =>
  root(delimited(5, databaseHead, delimited(3, policyHead, fields)));

const policyOf = (bytes: Uint8Array): RetentionPolicyInfo => {
  const policy = decodeMetadata(bytes).databases[0]?.retentionPolicies[0];
  return policy ?? expect.fail('no policy');
};

describe('write limits in the encoding', () => {
  it.each([
    ['as InfluxDB 1.12 writes them', [...number(7, hour), ...number(8, 2n * hour)], hour, 2n * hour],
    ['without a limit in InfluxDB 1.12', [...number(7, 0), ...number(8, 0)], 0n, 0n],
    ['before InfluxDB 1.12', [], undefined, undefined],
    ['with one of them', number(8, hour), undefined, hour],
    ['below zero', [...number(7, -1), ...number(8, -hour)], -1n, -hour],
  ])('%s are decoded, and encoded to the same bytes', (_where, fields, future, past) => {
    const bytes = withFields(...fields);
    const policy = policyOf(bytes);
    expect([policy.futureWriteLimit, policy.pastWriteLimit]).toEqual([future, past]);
    expect(policy.unknownFields).toBeUndefined();
    expect('futureWriteLimit' in policy).toBe(future !== undefined);
    expect(Buffer.from(encodeMetadata(touched(decodeMetadata(bytes))))).toEqual(Buffer.from(bytes));
  });

  it('of version 0.1, which kept them as unknown fields, are the same bytes, also beside other unknown fields', () => {
    const data = decodeMetadata(withFields());
    const kept = [...number(7, hour), ...number(8, 0), ...delimited(9, 'later')];
    const [database] = data.databases;
    const [policy] = database?.retentionPolicies ?? [];
    if (database === undefined || policy === undefined) expect.fail('no policy');
    const of01 = { ...database, retentionPolicies: [{ ...policy, unknownFields: Uint8Array.from(kept) }] };
    const bytes = encodeMetadata({ ...data, databases: [of01] });
    expect(policyOf(bytes)).toMatchObject({ futureWriteLimit: hour, pastWriteLimit: 0n });
    expect(policyOf(bytes).unknownFields).toEqual(Uint8Array.from(delimited(9, 'later')));
    expect(Buffer.from(encodeMetadata(touched(decodeMetadata(bytes))))).toEqual(Buffer.from(bytes));
  });

  it('with another wire type are unknown fields, and of repeated ones the last counts', () => {
    const strange = delimited(7, 'x');
    expect(policyOf(withFields(...strange)).unknownFields).toEqual(Uint8Array.from(strange));
    expect(policyOf(withFields(...number(7, 1), ...number(7, 2))).futureWriteLimit).toBe(2n);
  });

  it('beyond 64 bits are refused by name', async () => {
    const client = new LocalMetaClient();
    await client.createDatabase('d');
    const data = client.data();
    const [database] = data.databases;
    const [policy] = database?.retentionPolicies ?? [];
    if (database === undefined || policy === undefined) expect.fail('no policy');
    const wrong = { ...database, retentionPolicies: [{ ...policy, pastWriteLimit: 2n ** 63n }] };
    expect(() => encodeMetadata({ ...data, databases: [wrong] })).toThrow(/pastWriteLimit must be a signed/);
  });
});

describe('write limits of a policy', () => {
  const policy = async (client: LocalMetaClient, name = 'p') => {
    const { futureWriteLimit, pastWriteLimit } = (await client.retentionPolicy('d', name)) ?? {};
    return [futureWriteLimit, pastWriteLimit];
  };

  it('are set when it is created and changed one by one, and 0 is stated', async () => {
    const client = new LocalMetaClient();
    await client.createDatabase('d');
    await client.createRetentionPolicy('d', { name: 'p', futureWriteLimit: '1h' }, false);
    expect(await policy(client)).toEqual([hour, undefined]);
    await client.updateRetentionPolicy('d', 'p', { pastWriteLimit: 2n * hour }, false);
    expect(await policy(client)).toEqual([hour, 2n * hour]);
    await client.updateRetentionPolicy('d', 'p', { duration: '1d', shardGroupDuration: '1h' }, false);
    await client.updateRetentionPolicy('d', 'p', { futureWriteLimit: 'INF' }, true);
    expect(await policy(client)).toEqual([0n, 2n * hour]);
    expect(await policy(client, 'autogen')).toEqual([undefined, undefined]);
    await client.createDatabaseWithRetentionPolicy('e', { name: 'r', pastWriteLimit: hour });
    expect(await client.retentionPolicy('e', 'r')).toMatchObject({ pastWriteLimit: hour });
  });

  it('are compared with a policy that exists, if they are given', async () => {
    const client = new LocalMetaClient();
    await client.createDatabase('d');
    await client.createRetentionPolicy('d', { name: 'p', futureWriteLimit: hour }, false);
    await client.createRetentionPolicy('d', { name: 'p' }, false);
    await client.createRetentionPolicy('d', { name: 'p', futureWriteLimit: hour, pastWriteLimit: 0n }, false);
    expect(await policy(client)).toEqual([hour, undefined]);
    const other = () => client.createRetentionPolicy('d', { name: 'p', futureWriteLimit: 1n }, false);
    await expect(async () => other()).rejects.toMatchObject({ code: 'RETENTION_POLICY_EXISTS' });
    const conflict = () => client.createDatabaseWithRetentionPolicy('d', { pastWriteLimit: 1n });
    await expect(async () => conflict()).rejects.toMatchObject({ code: 'RETENTION_POLICY_CONFLICT' });
  });

  it('below zero are refused, and nothing changes', async () => {
    const client = new LocalMetaClient();
    await client.createDatabase('d');
    const before = client.data();
    const refusal = { code: 'NEGATIVE_WRITE_LIMIT', message: 'negative write limit' };
    for (const limit of [{ futureWriteLimit: -1n }, { pastWriteLimit: -hour }]) {
      const attempts = [
        () => client.createRetentionPolicy('d', { name: 'p', ...limit }, false),
        () => client.updateRetentionPolicy('d', 'autogen', limit, false),
        () => client.createDatabaseWithRetentionPolicy('e', limit),
      ];
      for (const attempt of attempts) await expect(async () => attempt()).rejects.toMatchObject(refusal);
    }
    expect(equalMetadata(client.data(), before)).toBe(true);
  });

  it('reach another node, and differ from unstated ones', async () => {
    const manager = new Manager({ store: new MemoryStore() });
    onTestFinished(() => manager.close());
    const nodes = [0, 1].map(
      () => new CfluxClient(new LocalMetaClient(), { transport: new LocalTransport(manager) }),
    );
    const [one, other] = nodes;
    if (one === undefined || other === undefined) expect.fail('no nodes');
    for (const node of nodes) {
      await node.open();
      onTestFinished(() => node.close());
    }
    await one.createDatabase('d');
    const before = await one.data();
    await one.updateRetentionPolicy('d', 'autogen', { pastWriteLimit: 0n }, false);
    expect(equalMetadata(before, await one.data())).toBe(false);
    await one.updateRetentionPolicy('d', 'autogen', { futureWriteLimit: hour }, false);
    await other.refresh();
    expect(await other.retentionPolicy('d', 'autogen')).toMatchObject({
      futureWriteLimit: hour,
      pastWriteLimit: 0n,
    });
  });
});
