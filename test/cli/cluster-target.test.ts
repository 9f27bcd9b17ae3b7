import { CfluxError, LocalMetaClient } from 'clusterflux';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ClusterTarget } from '../../src/cli/cluster-target.js';
import type { PushRequest, PushResult, Transport } from '../../src/transport/transport.js';

function managerOf(): Manager {
  const manager = new Manager({ store: new MemoryStore(), nodeTtl: 500 });
  onTestFinished(() => manager.close());
  return manager;
}

function targetOf(
  transport: Transport,
  options: { createCluster?: boolean; timeout?: number } = {},
): ClusterTarget {
  const settings = { createCluster: true, allowNoAdmin: false, timeout: 10_000, ...options };
  return new ClusterTarget({ transport, cluster: 'c', ...settings });
}

/** `transport`, but for its pushes. */
const withPush = (transport: Transport, push: (request: PushRequest) => Promise<PushResult>): Transport => ({
  register: (request) => transport.register(request),
  heartbeat: (request) => transport.heartbeat(request),
  deregister: (request) => transport.deregister(request),
  nodes: (request) => transport.nodes(request),
  poll: (request) => transport.poll(request),
  push,
});

const names = async (target: ClusterTarget) => (await target.data()).databases.map(({ name }) => name);

describe('R4: a target judges a change by the newest metadata', () => {
  it('which others changed since it looked', async () => {
    const transport = new LocalTransport(managerOf());
    const [one, other] = [targetOf(transport), targetOf(transport)];
    await one.mutate((meta) => meta.createDatabase('a'));
    await other.mutate((meta) => meta.createUser('bob', 'x', false));
    // On what it has, the user is missing.
    await one.mutate((meta) => meta.dropUser('bob'));
    await other.mutate((meta) => meta.dropDatabase('a'));
    // On what it has, nothing would change.
    await one.mutate((meta) => meta.createDatabase('a'));
    expect(await names(other)).toEqual(['a']);
    await expect(one.mutate((meta) => meta.dropUser('bob'))).rejects.toMatchObject({
      code: 'USER_NOT_FOUND',
    });
  });
});

describe('R3: a target reports the outcome of a change', () => {
  it('that a manager stored although its response was lost', async () => {
    const inner = new LocalTransport(managerOf());
    let isLost = true;
    const transport = withPush(inner, async (request) => {
      const result = await inner.push(request);
      if (!isLost) return result;
      isLost = false;
      throw new CfluxError('UNREACHABLE', 'the line is dead', { outcome: 'unknown' });
    });
    const target = targetOf(transport);
    await expect(target.mutate((meta) => meta.createDatabase('a'))).rejects.toMatchObject({
      code: 'UNKNOWN_OUTCOME',
    });
    expect(await names(target)).toEqual(['a']);
  });

  it('which was stored by an earlier attempt of the same push', async () => {
    const inner = new LocalTransport(managerOf());
    const transport = withPush(inner, async (request) => {
      await inner.push(request);
      return inner.push(request);
    });
    const target = targetOf(transport);
    await target.mutate((meta) => meta.createDatabase('a'));
    await target.mutate((meta) => meta.createDatabase('b'));
    expect(await names(target)).toEqual(['a', 'b']);
  });
});

describe('R11: a target meets a manager that lost its data', () => {
  it('between two changes, and founds no other cluster there', async () => {
    let transport = new LocalTransport(managerOf());
    const lively: Transport = {
      ...withPush(transport, (request) => transport.push(request)),
      poll: (request, options) => transport.poll(request, options),
    };
    const target = targetOf(lively, { createCluster: false, timeout: 300 });
    await targetOf(transport).mutate((meta) => meta.createDatabase('a'));
    expect(await names(target)).toEqual(['a']);
    const wiped = managerOf();
    transport = new LocalTransport(wiped);
    await expect(target.mutate((meta) => meta.createDatabase('b'))).rejects.toMatchObject({
      code: expect.stringMatching(/UNAVAILABLE|CLUSTER_EMPTY/),
    });
    expect(await wiped.history('c')).toEqual([]);
  });

  it('and takes for its base what a node brings back', async () => {
    const manager = managerOf();
    const transport = new LocalTransport(manager);
    const meta = new LocalMetaClient();
    await meta.createDatabase('old');
    const request = { cluster: 'c', version: 0, snapshot: await meta.marshalBinary(), mutation: 'm' };
    const offered = transport.push({ ...request, epoch: 'lost', offer: { epoch: 'lost', version: 9 } });
    await expect(offered).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const target = targetOf(transport, { createCluster: true });
    await target.mutate((its) => its.createDatabase('new'));
    expect(await names(target)).toEqual(['old', 'new']);
  });
});
