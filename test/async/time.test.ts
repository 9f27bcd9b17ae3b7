import { ManualClock } from 'clusterflux/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Alarm } from '../../src/async/alarm.js';
import { withDeadline, withTimeout } from '../../src/async/deadline.js';
import { Deferred } from '../../src/async/deferred.js';
import { lenientTimer } from '../../src/async/lenient-timer.js';
import { repeat } from '../../src/async/repeat.js';
import { pause, sleep } from '../../src/async/sleep.js';

/** How a promise was settled; empty until then. */
function followed(promise: Promise<unknown>) {
  const outcome: { value?: unknown; error?: unknown } = {};
  promise.then(
    (value) => Object.assign(outcome, { value }),
    (error: unknown) => Object.assign(outcome, { error }),
  );
  return outcome;
}

describe('withDeadline', () => {
  it('settles by whatever is first, the work, the timeout or a signal, and aborts the work unless that was first', async () => {
    const moment = fc.integer({ min: 1, max: 100 });
    await fc.assert(
      fc.asyncProperty(moment, moment, moment, fc.boolean(), async (end, timeout, abort, fails) => {
        fc.pre(new Set([end, timeout, abort]).size === 3);
        const clock = new ManualClock();
        const work = new Deferred<string>();
        const caller = new AbortController();
        clock.after(end, () => (fails ? work.reject('failed') : work.resolve('done')));
        clock.after(abort, () => caller.abort('aborted'));
        let given: AbortSignal | undefined;
        const options = { clock, timeout, timeoutError: () => 'late', signals: [caller.signal, undefined] };
        const outcome = followed(
          withDeadline(options, (signal) => {
            given = signal;
            return work.promise;
          }),
        );
        await clock.advance(100);
        const first = Math.min(end, timeout, abort);
        if (first === end) expect(outcome).toEqual(fails ? { error: 'failed' } : { value: 'done' });
        else expect(outcome).toEqual({ error: first === timeout ? 'late' : 'aborted' });
        expect(given?.aborted).toBe(first !== end);
        expect(clock.timers).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('does not begin work for a signal that has aborted already', async () => {
    const options = { clock: new ManualClock(), signals: [AbortSignal.abort('before')] };
    await expect(withDeadline(options, () => expect.unreachable())).rejects.toBe('before');
  });
});

describe('withTimeout', () => {
  it('rejects after the timeout, and ignores what becomes of the work', async () => {
    const clock = new ManualClock();
    const work = new Deferred<never>();
    const outcome = followed(withTimeout({ clock, timeout: 10, timeoutError: () => 'late' }, work.promise));
    await clock.advance(9);
    expect(outcome).toEqual({});
    await clock.advance(1);
    expect(outcome).toEqual({ error: 'late' });
    work.reject(new Error('ignored'));
    await clock.settle();
  });
});

describe('lenientTimer', () => {
  it('fires after the time, if nothing keeps the event loop busy', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 500 }), async (ms) => {
        const clock = new ManualClock();
        const fired: number[] = [];
        lenientTimer(clock).after(ms, () => fired.push(clock.monotonic()));
        await clock.advance(500);
        expect(fired).toEqual([ms]);
      }),
      { numRuns: 50 },
    );
  });

  it('waits for the rest of its steps after the event loop was blocked for longer than the whole wait', async () => {
    const clock = new ManualClock();
    const fired: number[] = [];
    lenientTimer(clock).after(200, () => fired.push(clock.monotonic()));
    clock.pause(10_000);
    await clock.advance(1_000);
    expect(fired).toEqual([10_150]);
  });

  it('does not fire when it is canceled, in any step', async () => {
    for (const ms of [0, 49, 50, 51, 149, 199]) {
      const clock = new ManualClock();
      const cancel = lenientTimer(clock).after(200, () => expect.unreachable());
      await clock.advance(ms);
      cancel();
      expect(clock.timers).toBe(0);
    }
  });
});

describe('Alarm', () => {
  it('fires once, at the earliest of the times it was set for, on one timer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1 }), async (times) => {
        const clock = new ManualClock();
        const fired: number[] = [];
        const alarm = new Alarm(clock, (now) => fired.push(now));
        for (const at of times) alarm.setFor(at);
        expect(clock.timers).toBe(1);
        await clock.advance(200);
        expect(fired).toEqual([Math.min(...times)]);
      }),
      { numRuns: 50 },
    );
  });

  it('waits on when the clock fires much too early, as one does whose timers cannot be so long', async () => {
    const clock = new ManualClock();
    const short = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms: number, callback: () => void) => clock.after(Math.min(ms, 100), callback),
    };
    const fired: number[] = [];
    new Alarm(short, (now) => fired.push(now)).setFor(250);
    await clock.advance(1_000);
    expect(fired).toEqual([250]);
  });

  it('takes the time as reached when a timer fires a fraction of a millisecond early, as those of Node do', () => {
    let fire = () => {};
    const early = {
      now: () => 0,
      monotonic: () => 99.6,
      after(_: number, callback: () => void) {
        fire = callback;
        return () => {};
      },
    };
    const fired: number[] = [];
    new Alarm(early, (now) => fired.push(now)).setFor(100);
    fire();
    expect(fired).toEqual([100]);
  });

  it('does not fire after cancel, and can be set again', async () => {
    const clock = new ManualClock();
    const fired: number[] = [];
    const alarm = new Alarm(clock, (now) => fired.push(now));
    alarm.setFor(10);
    alarm.cancel();
    alarm.setFor(20);
    await clock.advance(100);
    expect(fired).toEqual([20]);
  });
});

describe('sleep and pause', () => {
  it('end with the time; when the signal aborts, sleep rejects with its reason and pause resolves', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const outcomes = [
      followed(sleep(clock, 10)),
      followed(pause(clock, 10, controller.signal)),
      followed(sleep(clock, 100, controller.signal)),
      followed(pause(clock, 100, controller.signal)),
    ];
    await clock.advance(10);
    expect(outcomes).toEqual([{ value: undefined }, { value: undefined }, {}, {}]);
    controller.abort('why');
    await clock.settle();
    expect(outcomes.slice(2)).toEqual([{ error: 'why' }, { value: undefined }]);
    expect(clock.timers).toBe(0);
    await expect(sleep(clock, 10, controller.signal)).rejects.toBe('why');
    await pause(clock, 10, controller.signal);
  });
});

describe('repeat', () => {
  it('runs once an interval until it is stopped, also from within a run', async () => {
    const clock = new ManualClock();
    const ran: number[] = [];
    const stop = repeat(clock, 10, () => {
      ran.push(clock.monotonic());
      if (ran.length === 3) stop();
    });
    await clock.advance(100);
    expect(ran).toEqual([10, 20, 30]);
    expect(clock.timers).toBe(0);
  });
});
