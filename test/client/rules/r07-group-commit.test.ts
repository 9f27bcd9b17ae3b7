import { describe, expect, it } from 'vitest';
import { sleep } from '../../../src/async/sleep.js';
import { followed, Lab, reasonOf } from './support/lab.js';
import { deaf } from './support/wire.js';
import {
  databaseNames,
  databasesOf,
  numbered,
  type WrappedClient,
  wrappedKinds,
} from './support/wrapped-clients.js';

describe.each(wrappedKinds)('R7 around $name', (kind) => {
  it('R7: mutations waiting together are pushed together, each with its own result or error', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const { push } = ours.network.calls;
    const versions = lab.history.length;
    const changes = Array.from({ length: 64 }, (_, i) =>
      i % 8 === 7
        ? ours.client.mutate(() => Promise.reject(new Error(`mistake ${i}`)))
        : ours.client.mutate(numbered(`d${i}`)),
    );
    const notified = await lab.run(Promise.allSettled(changes));
    expect(ours.network.calls.push).toBe(push + 1);
    expect(lab.history).toHaveLength(versions + 1);
    let made = 0;
    for (const [i, outcome] of notified.entries()) {
      if (i % 8 === 7) expect(outcome).toMatchObject({ reason: { message: `mistake ${i}` } });
      else expect(outcome).toEqual({ status: 'fulfilled', value: made++ });
    }
    expect(databaseNames(lab.newest)).toHaveLength(made);
    expect(ours.heard('pushed').at(-1)).toMatchObject({ mutations: made, rounds: 1 });
  });

  it('R7: mutations queued during a push are pushed together in the next one', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const { push } = ours.network.calls;
    ours.network.failNext('push', { answerDelay: 1_000 });
    const changes: Promise<unknown>[] = [ours.client.createDatabase('first')];
    await lab.clock.advance(500);
    for (let i = 0; i < 20; i++) changes.push(ours.client.createDatabase(`d${i}`));
    await lab.run(Promise.all(changes));
    expect(ours.network.calls.push).toBe(push + 2);
  });

  it('R7: mutations queued during a conflict join the next round', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make(), manager: deaf(lab.world.fake.transport) });
    const other = await lab.open();
    await lab.run(other.client.createDatabase('theirs'));
    const { push } = ours.network.calls;
    ours.network.failNext('push', { answerDelay: 1_000 });
    const changes = [ours.client.createDatabase('a')];
    await lab.clock.advance(500);
    changes.push(ours.client.createDatabase('b'));
    await lab.run(Promise.all(changes));
    expect(ours.network.calls.push).toBe(push + 2);
    expect(ours.heard('pushed').at(-1)).toMatchObject({ mutations: 2, rounds: 2 });
  });

  it.each([
    ['signal', (controller: AbortController) => ({ signal: controller.signal }), { name: 'Left' }],
    ['deadline', () => ({ timeout: 700 }), { code: 'TIMEOUT', outcome: 'notApplied' }],
  ])('R7: a %s takes a waiting mutation out at once', async (_, limit, reason) => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    ours.network.failNext('push', { answerDelay: 2_000 });
    const first = ours.client.createDatabase('a');
    await lab.clock.advance(500);
    const controller = new AbortController();
    const second = followed(ours.client.mutate((meta) => meta.createDatabase('b'), limit(controller)));
    await lab.clock.advance(700);
    controller.abort(Object.assign(new Error('gone'), { name: 'Left' }));
    await lab.clock.settle();
    expect(second).toMatchObject({ state: 'rejected', error: reason });
    await lab.run(first);
    await lab.clock.advance(1_000);
    expect(databaseNames(lab.newest)).toEqual(['a']);
  });

  it('R7: a deadline is over when its timer fires, also if that is a moment early, as Node’s timers are', async () => {
    const lab = new Lab();
    const after = (ms: number, callback: () => void) => lab.clock.after(ms - 0.5, callback);
    const clock = { now: () => lab.clock.now(), monotonic: () => lab.clock.monotonic(), after };
    const ours = await lab.open({ meta: kind.make(), clock });
    ours.network.failNext('push', { answerDelay: 2_000 });
    const first = ours.client.createDatabase('a');
    await lab.clock.advance(500);
    const second = reasonOf(ours.client.mutate((meta) => meta.createDatabase('b'), { timeout: 700 }));
    expect(await lab.run(second)).toMatchObject({ code: 'TIMEOUT', outcome: 'notApplied' });
    await lab.run(first);
  });

  it.each([
    ['signal', (controller: AbortController) => ({ signal: controller.signal })],
    ['deadline', () => ({ timeout: 700 })],
  ])('R7: a %s on the wire takes nothing out: it shares the outcome', async (_, limit) => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    ours.network.failNext('push', { answerDelay: 2_000 });
    const controller = new AbortController();
    const one = followed(ours.client.mutate(numbered('a'), limit(controller)));
    const other = followed(ours.client.mutate(numbered('b')));
    await lab.clock.advance(1_000);
    controller.abort(new Error('gone'));
    await lab.clock.settle();
    expect([one.state, other.state]).toEqual(['pending', 'pending']);
    await lab.clock.advance(2_000);
    expect([one, other]).toMatchObject([{ value: 0 }, { value: 1 }]);
    expect(await databasesOf(ours.meta)).toEqual(['a#0', 'b#1']);
  });

  it.each([
    ['signal', (controller: AbortController) => ({ signal: controller.signal }), { message: 'gone' }],
    [
      'deadline',
      () => ({ timeout: 700 }),
      { code: 'CONFLICT_TIMEOUT', outcome: 'notApplied', retryable: true },
    ],
  ])(
    'R7: a %s takes a mutation out between two rounds, and the others go on without it',
    async (_, limit, reason) => {
      const lab = new Lab();
      const ours = await lab.open({ meta: kind.make(), manager: deaf(lab.world.fake.transport) });
      const other = await lab.open();
      await lab.run(other.client.mutate(numbered('theirs')));
      ours.network.failNext('push', { answerDelay: 2_000 });
      const controller = new AbortController();
      const notified = Promise.allSettled([
        ours.client.mutate(numbered('a'), limit(controller)),
        ours.client.mutate(numbered('b')),
      ]);
      await lab.clock.advance(1_000);
      controller.abort(new Error('gone'));
      expect(await lab.run(notified)).toMatchObject([{ reason }, { value: 1 }]);
      expect(databaseNames(lab.newest)).toEqual(['theirs#0', 'b#1']);
      expect(await databasesOf(ours.meta)).toEqual(['theirs#0', 'b#1']);
    },
  );

  it.each(['signal', 'deadline'])(
    'R7: a %s rejects a mutation behind a slow one of the same round at once, and its operation never runs',
    async (limit) => {
      const lab = new Lab();
      const ours = await lab.open({ meta: kind.make() });
      const controller = new AbortController();
      let runs = 0;
      const slow = ours.client.mutate(async (meta) => {
        await sleep(lab.clock, 5_000);
        await meta.createDatabase('slow');
      });
      const behind = followed(
        ours.client.mutate(
          async (meta) => {
            runs += 1;
            await meta.createDatabase('behind');
          },
          limit === 'signal' ? { signal: controller.signal } : { timeout: 1_000 },
        ),
      );
      const last = ours.client.createDatabase('last');
      await lab.clock.advance(1_000);
      if (limit === 'signal') controller.abort(new Error('gone'));
      await lab.clock.settle();
      expect(behind).toMatchObject({
        state: 'rejected',
        error: limit === 'signal' ? { message: 'gone' } : { code: 'TIMEOUT', outcome: 'notApplied' },
      });
      await lab.run(Promise.all([slow, last]));
      await lab.clock.advance(10_000);
      expect(runs).toBe(0);
      expect(databaseNames(lab.newest)).toEqual(['slow', 'last']);
    },
  );

  it('R7: a signal ends the wait for a running operation at once; the others of the round continue', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const controller = new AbortController();
    const endless = followed(
      ours.client.mutate(() => new Promise<never>(() => {}), { signal: controller.signal }),
    );
    const behind = ours.client.createDatabase('behind');
    await lab.clock.advance(1_000);
    expect(endless.state).toBe('pending');
    controller.abort(new Error('gone'));
    await lab.run(behind);
    expect(endless).toMatchObject({ state: 'rejected', error: { message: 'gone' } });
    expect(databaseNames(lab.newest)).toEqual(['behind']);
  });

  it('R7: what an operation returns after its signal or deadline is discarded', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const controller = new AbortController();
    const late = async (meta: WrappedClient) => {
      await meta.createDatabase('late');
      await sleep(lab.clock, 3_000);
      return 'late';
    };
    const aborted = followed(ours.client.mutate(late, { signal: controller.signal }));
    const expired = followed(ours.client.mutate(late, { timeout: 2_000 }));
    await lab.clock.advance(1_000);
    controller.abort(new Error('gone'));
    await lab.clock.advance(10_000);
    expect(aborted).toMatchObject({ state: 'rejected', error: { message: 'gone' } });
    expect(expired).toMatchObject({ state: 'rejected', error: { code: 'TIMEOUT', outcome: 'notApplied' } });
    await lab.run(ours.client.createDatabase('after'));
    expect(databaseNames(lab.newest)).toEqual(['after']);
    expect(await databasesOf(ours.meta)).toEqual(['after']);
  });

  it('R7: an operation that outlasts mutationTimeout is rejected with an error about that', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make(), mutationTimeout: 500 });
    const { push } = ours.network.calls;
    const slow = ours.client.mutate(() => sleep(lab.clock, 2_000));
    const error = await lab.run(reasonOf(slow));
    expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'notApplied' });
    expect(error).toMatchObject({
      message: expect.stringMatching(/operation itself took longer.* 500 ms.*mutationTimeout/),
    });
    expect(ours.network.calls.push).toBe(push);
    await lab.clock.advance(2_000);
  });

  it.each(['first', 'last'])(
    'R3: nothing is sent for changes whose time an operation used up: the slow one is %s',
    async (place) => {
      const lab = new Lab();
      const ours = await lab.open({ meta: kind.make(), mutationTimeout: 500 });
      const { push } = ours.network.calls;
      const slow = () => ours.client.mutate(() => sleep(lab.clock, 2_000));
      const quick = ['a', 'b', 'c'].map((name) => () => ours.client.createDatabase(name));
      const changes = place === 'first' ? [slow, ...quick] : [...quick, slow];
      const outcomes = await lab.run(Promise.allSettled(changes.map((change) => change())));
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ reason: { code: 'TIMEOUT', outcome: 'notApplied' } });
      expect(ours.network.calls.push).toBe(push);
      await lab.clock.advance(2_000);
      await lab.run(ours.client.createDatabase('after'));
      expect(databaseNames(lab.newest)).toEqual(['after']);
    },
  );

  it('R3: an operation that ends in the last moment before its deadline is not sent', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const { push } = ours.network.calls;
    const change = ours.client.mutate(
      async (meta) => {
        await meta.createDatabase('a');
        await sleep(lab.clock, 999);
      },
      { timeout: 1_000 },
    );
    expect(await lab.run(reasonOf(change))).toMatchObject({ code: 'TIMEOUT', outcome: 'notApplied' });
    expect(ours.network.calls.push).toBe(push);
  });

  it('R7: a change that is given up after it was applied, and before it is sent, is taken out of the snapshot', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const controller = new AbortController();
    const quick = followed(
      ours.client.mutate((meta) => meta.createDatabase('quick'), { signal: controller.signal }),
    );
    const slow = ours.client.mutate(async (meta) => {
      await sleep(lab.clock, 2_000);
      await meta.createDatabase('slow');
    });
    await lab.clock.advance(1_000);
    controller.abort(new Error('gone'));
    await lab.clock.settle();
    expect(quick).toMatchObject({ state: 'rejected', error: { message: 'gone' } });
    await lab.run(slow);
    expect(databaseNames(lab.newest)).toEqual(['slow']);
    expect(ours.heard('pushed').at(-1)).toMatchObject({ rounds: 1, mutations: 1 });
  });

  it('R7: a signal ends the wait of refresh() behind a slow operation at once', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const controller = new AbortController();
    const slow = ours.client.mutate(() => sleep(lab.clock, 5_000));
    await lab.clock.advance(1);
    const refreshed = followed(ours.client.refresh({ signal: controller.signal }));
    await lab.clock.advance(100);
    controller.abort(new Error('gone'));
    await lab.clock.settle();
    expect(refreshed).toMatchObject({ state: 'rejected', error: { message: 'gone' } });
    await lab.run(slow);
  });

  it('R7: a mutation whose signal aborted before is not started', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    let begun = false;
    const operation = (_meta: WrappedClient) => {
      begun = true;
    };
    const reason = new Error('gone');
    expect(await reasonOf(ours.client.mutate(operation, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    await lab.clock.advance(1_000);
    expect(begun).toBe(false);
  });
});
