import { describe, expect, it } from 'vitest';
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

  it('R7: a deadline is over when its timer fires, also where that is a moment early, as Node’s timers are', async () => {
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

  it('R7: a mutation whose signal aborted before is not begun', async () => {
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
