import { describe, expect, it } from 'vitest';
import { Contests } from '../../src/influxdb/converge/contests.js';
import type { Plan, Step } from '../../src/influxdb/plan/plan.js';
import type { MetaData } from '../../src/meta/records.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { describeWithServer } from '../support/servers.js';
import { database, metadata, policy, subscription } from './support/build.js';
import { mirror, names, server } from './support/lab.js';

const clusterWith = (address: string): MetaData =>
  metadata({
    databases: [
      database('d', [policy('autogen', { subscriptions: [subscription('mine', 'ANY', [address])] })]),
    ],
  });

describeWithServer('influxd', 'R34: another party that undoes each change', () => {
  it('gets its way after three rounds, is reported, and until the cluster changes the item', async () => {
    const influxd = await server();
    const its = mirror(influxd);
    const moveAway = () =>
      influxd.query(
        `DROP SUBSCRIPTION mine ON d.autogen; CREATE SUBSCRIPTION mine ON d.autogen DESTINATIONS ANY 'udp://127.0.0.1:3'`,
      );
    // It is made, and set right twice.
    await its.converge(clusterWith('udp://127.0.0.1:1'));
    for (let round = 2; round <= 3; round++) {
      await moveAway();
      const { done, pending } = await its.converge(clusterWith('udp://127.0.0.1:1'));
      expect([done.length, pending.length]).toEqual([1, 0]);
    }
    await moveAway();
    const item = { kind: 'subscription', name: 'mine' };
    const contested = { done: [], pending: [{ item, reason: expect.stringContaining('contested') }] };
    for (let look = 1; look <= 2; look++)
      expect(await its.converge(clusterWith('udp://127.0.0.1:1'))).toMatchObject(contested);
    expect(await its.plan(clusterWith('udp://127.0.0.1:1'))).toMatchObject({
      steps: [],
      pending: [{ item }],
    });

    const changed = await its.converge(clusterWith('udp://127.0.0.1:2'));
    expect([changed.done.length, changed.pending.length]).toEqual([1, 0]);
    // The cluster changed it back: that is a change, too.
    expect((await its.converge(clusterWith('udp://127.0.0.1:1'))).done).toHaveLength(1);
  });

  it('does not keep other things from being put right', async () => {
    const influxd = await server();
    const its = mirror(influxd);
    const wanted = metadata({ databases: [database('a'), database('b')] });
    for (let round = 1; round <= 3; round++) {
      await its.converge(wanted);
      await influxd.query('DROP DATABASE a');
    }
    await influxd.query('DROP DATABASE b');
    expect((await its.converge(wanted)).pending).toMatchObject([{ item: { database: 'a' } }]);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['b']);
  });
});

describe('Contests', () => {
  const step: Step = {
    item: { kind: 'database', database: 'd' },
    action: { kind: 'dropDatabase', database: 'd' },
    reason: 'r',
  };
  const plan: Plan = {
    steps: [step],
    drops: 1,
    refused: [],
    pending: [],
    unmanaged: [],
    local: [],
    unverified: [],
    inSync: 0,
  };
  const hour = 3_600_000;

  /** The step is made in so many convergences. */
  const make = (contests: Contests, rounds: number) => {
    for (let round = 1; round <= rounds; round++) {
      contests.begin();
      contests.note(step, metadata());
      contests.note(step, metadata());
    }
    contests.begin();
  };

  it('R34: lets go of an item when an hour has passed since the last round', async () => {
    const clock = new ManualClock();
    const contests = new Contests(clock);
    make(contests, 2);
    expect(contests.hold(plan, metadata())).toEqual(plan);
    make(contests, 1);
    const item = step.item;
    expect(contests.hold(plan, metadata())).toMatchObject({ steps: [], drops: 0, pending: [{ item }] });
    await clock.advance(hour - 1);
    expect(contests.hold(plan, metadata()).steps).toEqual([]);
    await clock.advance(1);
    expect(contests.hold(plan, metadata())).toEqual(plan);
  });

  it('R34: lets go of an item that the cluster changed, by whatever statement it is set right', () => {
    const contests = new Contests(new ManualClock());
    make(contests, 3);
    const other: Step = { ...step, action: { kind: 'alterRetentionPolicy', database: 'd', policy: 'p' } };
    expect(contests.hold({ ...plan, steps: [other], drops: 0 }, metadata()).steps).toEqual([]);
    const changed = metadata({ databases: [database('d')] });
    expect(contests.hold(plan, changed)).toEqual(plan);
  });

  it('R34: does not take what is made again with its database for contested', () => {
    const contests = new Contests(new ManualClock());
    const inside: Step = {
      item: { kind: 'retentionPolicy', database: 'd', policy: 'p' },
      action: { kind: 'alterRetentionPolicy', database: 'd', policy: 'p', makeDefault: true },
      reason: 'r',
    };
    for (const wanted of [metadata(), metadata({ term: 1n }), metadata(), metadata()]) {
      contests.begin();
      contests.note(step, wanted);
      contests.note(inside, wanted);
    }
    contests.begin();
    expect(contests.hold({ ...plan, steps: [inside], drops: 0 }, metadata()).steps).toEqual([inside]);
  });

  it('counts rounds within an hour only', async () => {
    const clock = new ManualClock();
    const contests = new Contests(clock);
    for (let round = 1; round <= 5; round++) {
      make(contests, 1);
      expect(contests.hold(plan, metadata())).toEqual(plan);
      await clock.advance(hour / 2);
    }
  });
});
