import { encodeMetadata } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { Lab, reasonOf } from './support/lab.js';
import { PlainManager } from './support/plain-manager.js';
import { deaf } from './support/wire.js';
import {
  databaseNames,
  databasesOf,
  dataWith,
  forkingKind,
  type WrappedClient,
  wrappedKinds,
} from './support/wrapped-clients.js';

/** Throws the list of databases unless `database` is there. */
const needs = (database: string) => async (meta: WrappedClient) => {
  const names = databaseNames(await meta.data());
  if (!names.includes(database)) throw new Error(`there is ${names.join(', ') || 'nothing'}`);
  await meta.createDatabase(`${database}'s`);
};

/** A node that misses the changes of others, and whose cluster has moved on: from `old` to `fresh`. */
async function stale(old: string[], fresh: string[], { kind = forkingKind, manager = 'ours' } = {}) {
  const lab = new Lab();
  const clusterId = 1n;
  const oldManager = new PlainManager(lab.clock);
  const transport = manager === 'ours' ? lab.world.fake.transport : oldManager;
  const ours = await lab.open({
    meta: kind.make(await dataWith(clusterId, ...old)),
    manager: deaf(transport),
  });
  if (manager === 'ours') {
    const other = await lab.open({ manager: transport });
    await lab.run(other.client.setData(await dataWith(clusterId, ...fresh)));
  } else oldManager.store(encodeMetadata(await dataWith(clusterId, ...fresh)));
  expect(await databasesOf(ours.meta)).toEqual(old);
  const pushed = () => ours.network.calls.push;
  return { lab, ours, pushesBefore: pushed(), pushed };
}

const managers = ['ours', 'one of 2016'];
const cases = wrappedKinds.flatMap((kind) => managers.map((manager) => ({ kind, manager, name: kind.name })));

describe.each(cases)('R4 around $name, with a manager of $manager', ({ kind, manager }) => {
  it('R4: a mutation that fails on old metadata is applied again on the newest, and may succeed there', async () => {
    const { lab, ours } = await stale(['a'], ['a', 'b'], { kind, manager });
    await lab.run(ours.client.mutate(needs('b')));
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b', "b's"]);
  });

  it('R4: a mutation that changes nothing on old metadata is applied again on the newest, and may change something there', async () => {
    const { lab, ours, pushed, pushesBefore } = await stale(['a', 'b'], ['a'], { kind, manager });
    await lab.run(ours.client.createDatabase('b'));
    expect(pushed()).toBe(pushesBefore + 1);
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b']);
  });

  it('R4: a mutation that also fails on the newest metadata rejects with its error there, and nothing is pushed', async () => {
    const { lab, ours, pushed, pushesBefore } = await stale(['a'], ['a', 'b'], { kind, manager });
    const error = await lab.run(reasonOf(ours.client.mutate(needs('c'))));
    expect(error).toMatchObject({ message: 'there is a, b' });
    expect(pushed()).toBe(pushesBefore);
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b']);
  });

  it('R4: a mutation that changes nothing on the newest too resolves, and nothing is pushed', async () => {
    const { lab, ours, pushed, pushesBefore } = await stale(['a'], ['a', 'b'], { kind, manager });
    await lab.run(ours.client.createDatabase('a'));
    expect(pushed()).toBe(pushesBefore);
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b']);
  });

  it('R4: one that fails beside others that are pushed is judged by what their push was accepted on', async () => {
    const { lab, ours } = await stale(['a'], ['a', 'b'], { kind, manager });
    const notified = await lab.run(
      Promise.allSettled([
        ours.client.mutate(needs('b')),
        ours.client.createDatabase('x'),
        ours.client.mutate(needs('c')),
      ]),
    );
    expect(notified).toMatchObject([
      { status: 'fulfilled' },
      { status: 'fulfilled' },
      { status: 'rejected', reason: { message: "there is a, b, b's, x" } },
    ]);
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b', "b's", 'x']);
  });
});

describe.each(wrappedKinds)('R4 around $name', (kind) => {
  it.each([
    ['fails', needs('b')],
    ['changes nothing', (meta: WrappedClient) => meta.createDatabase('a')],
  ])(
    'R4: one that %s is not told so while the newest cannot be had, but that nothing was made',
    async (_, operation) => {
      const { lab, ours } = await stale(['a'], ['a', 'b'], { kind });
      ours.network.partitioned = true;
      expect(await lab.run(reasonOf(ours.client.mutate<unknown>(operation)))).toMatchObject({
        code: 'TIMEOUT',
        retryable: true,
        outcome: 'notApplied',
      });
      expect(await databasesOf(ours.meta)).toEqual(['a']);
    },
  );

  it('R4: a mutation that fails in a batch whose push is lost rejects with neither its own error nor that of the others', async () => {
    const { lab, ours } = await stale(['a'], ['a', 'b'], { kind });
    ours.network.partitioned = true;
    const notified = await lab.run(
      Promise.allSettled([ours.client.mutate(needs('b')), ours.client.createDatabase('x')]),
    );
    expect(notified).toMatchObject([
      { reason: { code: 'UNREACHABLE', outcome: 'notApplied', retryable: true } },
      { reason: { code: 'UNKNOWN_OUTCOME', outcome: 'unknown' } },
    ]);
  });
});
