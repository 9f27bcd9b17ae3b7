import { getEventListeners } from 'node:events';
import { ManualClock } from 'clusterflux/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withDeadline } from '../../src/async/deadline.js';
import { lifetimeController } from '../../src/async/lifetime.js';
import { withLinkedSignal } from '../../src/async/linked-signal.js';
import { onAbort } from '../../src/async/on-abort.js';
import { pause, sleep } from '../../src/async/sleep.js';

const listenersOf = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;
const nothing = async () => {};
const fail = () => Promise.reject(new Error('failed'));

describe('onAbort', () => {
  it('calls the listener once with the reason, and immediately if the signal has aborted already', () => {
    const controller = new AbortController();
    const heard: unknown[] = [];
    onAbort(controller.signal, (reason) => heard.push(reason));
    controller.abort('why');
    controller.abort('again');
    onAbort(controller.signal, (reason) => heard.push(reason));
    expect(heard).toEqual(['why', 'why']);
  });

  it('does not call a listener that has unsubscribed, and takes an absent signal for one that never aborts', () => {
    const controller = new AbortController();
    onAbort(controller.signal, () => expect.unreachable())();
    onAbort(undefined, () => expect.unreachable())();
    controller.abort();
  });
});

describe('withLinkedSignal', () => {
  it('aborts when the first of any parents does, with its reason', async () => {
    const parents = fc.array(fc.boolean(), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(parents, fc.nat(4), async (abortedBefore, chosen) => {
        const controllers = abortedBefore.map(() => new AbortController());
        for (const [i, controller] of controllers.entries()) if (abortedBefore[i]) controller.abort(i);
        const index = chosen % controllers.length;
        await withLinkedSignal([undefined, ...controllers.map(({ signal }) => signal)], async (signal) => {
          const first = abortedBefore.indexOf(true);
          expect(signal.aborted).toBe(first >= 0);
          controllers[index]?.abort(index);
          expect(signal.reason).toBe(first >= 0 ? first : index);
        });
        for (const { signal } of controllers) expect(listenersOf(signal)).toBe(0);
      }),
    );
  });

  it('aborts when the task calls abort, and then leaves the parents alone', async () => {
    const parent = new AbortController();
    await withLinkedSignal([parent.signal], async (signal, abort) => {
      abort('own');
      expect(signal.reason).toBe('own');
    });
    expect(parent.signal.aborted).toBe(false);
  });
});

describe('a signal that lives for long', () => {
  const clock = new ManualClock();

  async function overAtOnce(waiting: Promise<void>): Promise<void> {
    await clock.advance(0);
    await waiting;
  }

  it.each<[name: string, uses: number, use: (signal: AbortSignal) => Promise<unknown>]>([
    ['withLinkedSignal', 10_000, (signal) => withLinkedSignal([signal], nothing)],
    [
      'withLinkedSignal of a task that fails',
      10_000,
      (signal) => withLinkedSignal([signal], fail).catch(nothing),
    ],
    ['withDeadline', 10_000, (signal) => withDeadline({ clock, timeout: 5, signals: [signal] }, nothing)],
    [
      'withDeadline of work that fails',
      10_000,
      (signal) => withDeadline({ clock, timeout: 5, signals: [signal] }, fail).catch(nothing),
    ],
    ['onAbort', 10_000, async (signal) => onAbort(signal, nothing)()],
    ['sleep', 100, (signal) => overAtOnce(sleep(clock, 0, signal))],
    ['pause', 100, (signal) => overAtOnce(pause(clock, 0, signal))],
  ])('R14: has no listeners after many uses of %s, and the clock has no timers', async (_, uses, use) => {
    const { signal } = new AbortController();
    for (let i = 0; i < uses; i++) await use(signal);
    expect(listenersOf(signal)).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('does not make Node warn of a leak, if it is the signal of a lifetime', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    const { signal } = lifetimeController();
    const unsubscribes = Array.from({ length: 50 }, () => onAbort(signal, nothing));
    // Node emits warnings in the next tick.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', warn);
    for (const unsubscribe of unsubscribes) unsubscribe();
    expect(warnings).toEqual([]);
  });
});
