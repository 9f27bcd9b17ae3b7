import { describe, expect, it } from 'vitest';
import { Lab } from './support/lab.js';
import { wire } from './support/wire.js';
import { databaseNames, databasesOf, numbered, wrappedKinds } from './support/wrapped-clients.js';

describe.each(wrappedKinds)('R2 around $name', (kind) => {
  it('R2: a mutation that resolved is in the history once, and part of every later version', async () => {
    const lab = new Lab();
    const nodes = [await lab.open({ meta: kind.make() }), await lab.open({ meta: kind.make() })];
    const changes = ['a', 'b', 'c', 'd', 'e', 'f'].map((id, i) => nodes[i % 2]?.client.mutate(numbered(id)));
    const positions = await lab.run(Promise.all(changes));
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((id, i) => `${id}#${positions[i]}`);
    expect(databaseNames(lab.newest).sort()).toEqual(names);
    for (const name of names) {
      const since = lab.history.findIndex(({ data }) => databaseNames(data).includes(name));
      expect(since).toBeGreaterThan(0);
      for (const { data } of lab.history.slice(since)) expect(databaseNames(data)).toContain(name);
    }
  });

  it.each([
    ['once', 1],
    ['four times', 4],
  ])('R2: once, where the answer was lost %s after it was stored', async (_, times) => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const before = lab.history.length;
    for (let i = 0; i < times; i++) ours.network.failNext('push', { lose: 'answer' });
    await lab.run(ours.client.mutate(numbered('a')));
    expect(lab.history).toHaveLength(before + 1);
    expect(databaseNames(lab.newest)).toEqual(['a#0']);
    expect(await databasesOf(ours.meta)).toEqual(['a#0']);
    expect(ours.client.status.version).toBe(lab.history.at(-1)?.version);
  });

  it('R2: once, if the request arrived twice', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const before = lab.history.length;
    ours.network.failNext('push', { duplicate: true });
    await lab.run(ours.client.mutate(numbered('a')));
    expect(lab.history).toHaveLength(before + 1);
    expect(databaseNames(lab.newest)).toEqual(['a#0']);
  });

  it('R2: once, if the response was lost and another node made the next version meanwhile', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const other = await lab.open();
    ours.network.failNext('push', { lose: 'answer' });
    const change = ours.client.mutate(numbered('a'));
    await lab.clock.advance(100);
    await lab.run(other.client.mutate(numbered('b')));
    await lab.run(change);
    await lab.settle([ours, other]);
    expect(databaseNames(lab.newest)).toEqual(['a#0', 'b#1']);
    expect(await databasesOf(ours.meta)).toEqual(['a#0', 'b#1']);
  });

  it('R2: a repeated push with a 409 that names its own mutation counts once', async () => {
    const lab = new Lab();
    let pushes = 0;
    // It compares versions before it looks for the mutation: the newest is the very one that is asked for.
    const manager = wire(lab.world.fake.transport, {
      push: (send) => async (request, options) => {
        const result = await send(request, options);
        if (++pushes !== 2 || result.kind !== 'committed') return result;
        const { snapshot, mutation } = request;
        return { ...result, kind: 'conflict', snapshot, mutation };
      },
    });
    const ours = await lab.open({ meta: kind.make(), manager });
    const before = lab.history.length;
    expect(await lab.run(ours.client.mutate(numbered('a')))).toBe(0);
    expect(pushes).toBe(2);
    expect(lab.history).toHaveLength(before + 1);
    expect(databaseNames(lab.newest)).toEqual(['a#0']);
    expect(ours.heard('conflict')).toEqual([]);
    expect(ours.client.status.version).toBe(lab.history.at(-1)?.version);
  });

  it('R2: also if this node could not store what the manager had stored; it catches up', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    ours.disk.beforeWrite = () => {
      ours.disk.beforeWrite = () => undefined;
      throw new Error('no space left on device');
    };
    await lab.run(ours.client.mutate(numbered('a')));
    expect(databaseNames(lab.newest)).toEqual(['a#0']);
    expect(ours.heard('syncFailed')).toMatchObject([
      { error: { message: expect.stringContaining('no space') } },
    ]);
    await lab.settle([ours]);
    expect(await databasesOf(ours.meta)).toEqual(['a#0']);
    await lab.run(ours.client.mutate(numbered('b')));
    expect(databaseNames(lab.newest)).toEqual(['a#0', 'b#1']);
  });
});
