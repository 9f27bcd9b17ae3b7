import { decodeMetadata } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../../src/async/sleep.js';
import { Lab } from './support/lab.js';
import {
  databaseNames,
  databasesOf,
  kindsInPlace,
  type WrappedClient,
  wrappedKinds,
} from './support/wrapped-clients.js';

/** Notes when each change to `meta` begins and ends, and makes it slow. */
function watchWrites(lab: Lab, meta: WrappedClient, log: string[]): void {
  const setData = meta.setData.bind(meta);
  let number = 0;
  meta.setData = async (data) => {
    const name = `setData ${++number}`;
    log.push(name);
    await sleep(lab.clock, 50);
    await setData(data);
    log.push(name);
  };
}

describe.each(wrappedKinds)('R1 around $name', (kind) => {
  it('R1: changes by mutations and by syncs happen one after another, never interleaved', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const other = await lab.open();
    const log: string[] = [];
    watchWrites(lab, ours.meta, log);
    const slowly = (name: string) => async (meta: WrappedClient) => {
      log.push(name);
      await meta.createDatabase(name);
      await sleep(lab.clock, 500);
      log.push(name);
    };
    const changes = ['a', 'b'].map((name) => ours.client.mutate(slowly(name)));
    await lab.clock.advance(200);
    // Comes by the poll while the first is at work.
    const elsewhere = other.client.createDatabase('c');
    await lab.run(Promise.all([...changes, elsewhere]));
    await lab.settle([ours, other]);
    expect(log).toContain('setData 1');
    for (let i = 0; i < log.length; i += 2) expect(log[i + 1], log.join(', ')).toBe(log[i]);
    expect((await databasesOf(ours.meta)).sort()).toEqual(['a', 'b', 'c']);
  });

  it('R1: an external change is detected before the next mutation: backed up, reported, never pushed', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    await lab.run(ours.client.createDatabase('a'));
    await ours.meta.createDatabase('smuggled');
    await lab.run(ours.client.createDatabase('b'));
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b']);
    expect(databaseNames(lab.newest)).toEqual(['a', 'b']);
    expectKept(ours);
  });

  it('R1: an external change is detected before the next sync: backed up, reported, never pushed', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const other = await lab.open();
    await ours.meta.createDatabase('smuggled');
    await lab.run(other.client.createDatabase('a'));
    await lab.settle([ours, other]);
    expect(await databasesOf(ours.meta)).toEqual(['a']);
    expectKept(ours);
    await lab.run(ours.client.createDatabase('b'));
    expect(databaseNames(lab.newest)).toEqual(['a', 'b']);
    expect(ours.heard('diverged')).toHaveLength(1);
  });

  it('R1: an external change during a push is not lost silently, and never pushed', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    ours.network.failNext('push', { answerDelay: 1_000 });
    const change = ours.client.createDatabase('a');
    await lab.clock.advance(500);
    await ours.meta.createDatabase('smuggled');
    await lab.run(change);
    await lab.run(ours.client.createDatabase('b'));
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b']);
    expect(databaseNames(lab.newest)).toEqual(['a', 'b']);
    expectKept(ours);
  });

  it('R1: … not even if that change lost to another node’s, or failed', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const other = await lab.open();
    // Neither does its poll bring the other's change first.
    ours.network.failNext('push', { requestDelay: 1_000 });
    const change = ours.client.createDatabase('a');
    await lab.clock.advance(500);
    await ours.meta.createDatabase('smuggled');
    await lab.run(other.client.createDatabase('c'));
    await lab.run(change);
    expect(ours.heard('conflict')).toHaveLength(1);
    expect((await databasesOf(ours.meta)).sort()).toEqual(['a', 'c']);
    expectKept(ours);
    expect(databaseNames(lab.newest).sort()).toEqual(['a', 'c']);
  });

  it('R1: an external change during a request to the manager is not pushed', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    // Asleep for so long that the metadata has to be confirmed before the change.
    lab.clock.pause(60_000);
    await lab.clock.advance(0);
    ours.network.failNext('poll', { answerDelay: 1_000 });
    const change = ours.client.createDatabase('a');
    await lab.clock.advance(500);
    await ours.meta.createDatabase('smuggled');
    await lab.run(change);
    await lab.run(ours.client.createDatabase('b'));
    expect(databaseNames(lab.newest)).toEqual(['a', 'b']);
    expectKept(ours);
  });
});

describe.each(kindsInPlace)('R1 around $name', (kind) => {
  it('R1: a change that continues after its deadline is an external change: detected, backed up, reported', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const dawdling = ours.client.mutate(
      async (meta) => {
        await sleep(lab.clock, 2_000);
        await meta.createDatabase('smuggled');
      },
      { timeout: 1_000 },
    );
    await expect(lab.run(dawdling)).rejects.toMatchObject({ code: 'TIMEOUT', outcome: 'notApplied' });
    await lab.clock.advance(3_000);
    await lab.run(ours.client.createDatabase('a'));
    expect(await databasesOf(ours.meta)).toEqual(['a']);
    expectKept(ours);
  });
});

function expectKept(node: {
  heard(name: 'diverged'): readonly { snapshot: Uint8Array }[];
  disk: { backups: readonly Uint8Array[] };
}) {
  const kept = node.heard('diverged').map(({ snapshot }) => databaseNames(decodeMetadata(snapshot)));
  expect(kept).toEqual([expect.arrayContaining(['smuggled'])]);
  expect(node.disk.backups.map((backup) => databaseNames(decodeMetadata(backup)))).toEqual(kept);
}
