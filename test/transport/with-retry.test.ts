import { getEventListeners } from 'node:events';
import {
  type CallOptions,
  CfluxError,
  type PushRequest,
  type PushResult,
  type RetryEvent,
  type RetryOptions,
  type Transport,
  withRetry,
} from 'clusterflux';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/async/sleep.js';
import { heartbeatInterval, nodeTimeToLive } from '../../src/protocol/times.js';
import { LeapingClock } from '../support/leaping-clock.js';

const heartbeat = { cluster: 'c', nodeId: 1 };
const push: PushRequest = { cluster: 'c', version: 4, snapshot: new Uint8Array([1]), mutation: 'm' };
const committed: PushResult = { kind: 'committed', version: 5 };
const conflict: PushResult = { kind: 'conflict', version: 9, snapshot: new Uint8Array([2]) };

const failure = (options: ConstructorParameters<typeof CfluxError>[2] = {}) =>
  new CfluxError('UNAVAILABLE', 'down', { retryable: true, ...options });

/** A transport whose methods are `methods`; one that is called without being there fails the test. */
function transportOf(methods: Partial<Transport>): Transport {
  const missing = (name: string) => async () => expect.unreachable(`${name} was called`);
  return {
    register: missing('register'),
    heartbeat: missing('heartbeat'),
    deregister: missing('deregister'),
    nodes: missing('nodes'),
    push: missing('push'),
    poll: missing('poll'),
    ...methods,
  };
}

/** Returns one after another what it is given, throws if that is an error, and repeats the last. */
function script<T>(...steps: readonly (T | Error)[]): () => Promise<T> {
  let next = 0;
  return async () => {
    const step = steps[Math.min(next++, steps.length - 1)];
    if (step === undefined || step instanceof Error) throw step;
    return step;
  };
}

function retrying(methods: Partial<Transport>, options: RetryOptions = {}) {
  const clock = new LeapingClock();
  const events: RetryEvent[] = [];
  const transport = withRetry(transportOf(methods), {
    clock,
    random: () => 0.999,
    onRetry: (event) => events.push(event),
    ...options,
  });
  return { clock, events, transport };
}

/** The timers of a busy machine: each fires late, by the next of the given milliseconds. */
class LateClock extends LeapingClock {
  readonly #lateness: number[];

  constructor(lateness: readonly number[]) {
    super();
    this.#lateness = [...lateness];
  }

  override after(ms: number, callback: () => void): () => void {
    return super.after(ms + (this.#lateness.shift() ?? 0), callback);
  }
}

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable('it was fulfilled'),
    (error: unknown) => error,
  );

describe('withRetry', () => {
  it('makes five attempts, waits longer each time, and not after the last', async () => {
    let attempts = 0;
    const { clock, events, transport } = retrying({
      heartbeat: async () => {
        attempts += 1;
        throw failure();
      },
    });
    const error = await errorOf(transport.heartbeat(heartbeat, { timeout: 100_000 }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: 'down (5 attempts)' });
    expect(attempts).toBe(5);
    expect(events.map(({ attempt, delay }) => [attempt, delay])).toEqual([
      [1, 150],
      [2, 450],
      [3, 1349],
      [4, 4048],
    ]);
    expect(clock.monotonic()).toBe(150 + 450 + 1349 + 4048);
    expect(clock.timers).toBe(0);
  });

  it('draws half of each delay from chance', async () => {
    const { events, transport } = retrying({ heartbeat: script<void>(failure()) }, { random: () => 0 });
    await errorOf(transport.heartbeat(heartbeat, { timeout: 100_000 }));
    expect(events.map((event) => event.delay)).toEqual([75, 225, 675, 2025]);
  });

  it('does not repeat what cannot work another time', async () => {
    const refusal = failure({ retryable: false, outcome: 'notApplied' });
    const { events, transport } = retrying({ push: script<PushResult>(refusal, committed) });
    expect(await errorOf(transport.push(push))).toBe(refusal);
    expect(events).toEqual([]);
  });

  it('repeats after an error that is none of ours, and keeps it as the cause', async () => {
    const foreign = new TypeError('socket hang up');
    const { events, transport } = retrying({ heartbeat: script<void>(foreign) });
    expect(await errorOf(transport.heartbeat(heartbeat))).toMatchObject({
      code: 'UNEXPECTED',
      cause: foreign,
    });
    expect(events).toHaveLength(4);
  });

  it('waits for Retry-After, and a little longer so that retries spread', async () => {
    const busy = failure({ retryAfter: 3_000 });
    const { clock, transport } = retrying({ push: script<PushResult>(busy, committed) });
    expect(await transport.push(push)).toEqual(committed);
    expect(clock.monotonic()).toBe(3_150);
  });

  it('gives up at once if Retry-After is beyond the timeout', async () => {
    const busy = failure({ retryAfter: 3_000 });
    const { clock, transport } = retrying({ push: script<PushResult>(busy, committed) });
    expect(await errorOf(transport.push(push, { timeout: 2_000 }))).toMatchObject({ retryAfter: 3_000 });
    expect(clock.monotonic()).toBe(0);
  });

  it('ends an attempt that takes no notice of its signal', async () => {
    let attempts = 0;
    const { clock, transport } = retrying({
      endpoint: 'nowhere',
      push: () => {
        attempts += 1;
        return new Promise(() => {});
      },
    });
    const error = await errorOf(transport.push(push, { timeout: 10_000 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', outcome: 'unknown', retryable: true });
    expect(String(error)).toContain('nowhere');
    expect(attempts).toBe(2);
    expect(clock.monotonic()).toBe(10_000);
    expect(clock.timers).toBe(0);
  });

  it('leaves no rejection of an abandoned attempt unhandled', async () => {
    const { clock, transport } = retrying({
      heartbeat: async () => {
        await sleep(clock, 60_000);
        throw new Error('much too late');
      },
    });
    await errorOf(transport.heartbeat(heartbeat));
    // The attempts reject now; an unhandled rejection fails the run.
    await sleep(clock, 120_000);
  });

  it('gives each attempt its deadline and a signal that ends with it', async () => {
    const limits: CallOptions[] = [];
    const { transport } = retrying({
      heartbeat: (_, options = {}) => {
        limits.push(options);
        return new Promise(() => {});
      },
    });
    await errorOf(transport.heartbeat(heartbeat));
    expect(limits).toHaveLength(5);
    for (const { signal, timeout } of limits) {
      expect(timeout).toBe(1_500);
      expect(signal?.reason).toMatchObject({ code: 'TIMEOUT' });
    }
  });

  it('R23: five attempts of a heartbeat, each as slow as it may be, fit before the node expires', async () => {
    const unit = fc.double({ min: 0, max: 0.999, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(unit, { minLength: 4, maxLength: 4 }), async (draws) => {
        let attempts = 0;
        const { clock, transport } = retrying(
          {
            heartbeat: () => {
              attempts += 1;
              return new Promise(() => {});
            },
          },
          { random: () => draws.pop() ?? 0 },
        );
        await errorOf(transport.heartbeat(heartbeat));
        expect(attempts).toBe(5);
        expect(heartbeatInterval + clock.monotonic()).toBeLessThanOrEqual(nodeTimeToLive);
      }),
      { numRuns: 50 },
    );
  });

  it('R27: never takes longer than the timeout, whatever happens, and sends nothing after it', async () => {
    const step = fc.record({
      takes: fc.nat(20_000),
      retryAfter: fc.option(fc.nat(20_000), { nil: undefined }),
      works: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step), fc.integer({ min: 1, max: 40_000 }), async (steps, timeout) => {
        const { clock, transport } = retrying({
          push: async () => {
            const { takes, retryAfter, works } = steps.shift() ?? { takes: 0, works: false };
            await sleep(clock, takes);
            if (works) return committed;
            throw failure(retryAfter === undefined ? {} : { retryAfter });
          },
        });
        await transport.push(push, { timeout }).catch(() => {});
        expect(clock.monotonic()).toBeLessThanOrEqual(timeout);
      }),
      { numRuns: 200 },
    );
  });

  it('R27: makes no attempt for which no time is left, however late a delay ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(2_000)),
        fc.integer({ min: 20, max: 5_000 }),
        async (lateness, timeout) => {
          const given: number[] = [];
          const late = new LateClock(lateness);
          const { transport } = retrying(
            {
              push: async (_, { timeout: left = 0 } = {}) => {
                given.push(left);
                throw failure({ outcome: 'notApplied' });
              },
            },
            { clock: late },
          );
          const error = await errorOf(transport.push(push, { timeout }));
          expect(error).toMatchObject({ code: 'UNAVAILABLE', outcome: 'notApplied' });
          for (const left of given) expect(left).toBeGreaterThanOrEqual(5);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([
    ['before it begins', 0],
    ['during an attempt', 100],
    ['between two attempts', 1_030],
  ])('ends with the reason of an abort %s, and leaves nothing behind', async (_, at) => {
    const { clock, transport } = retrying({
      heartbeat: async () => {
        await sleep(clock, 1_000);
        throw failure();
      },
    });
    const controller = new AbortController();
    const reason = { mine: true };
    if (at === 0) controller.abort(reason);
    else clock.after(at, () => controller.abort(reason));
    expect(await errorOf(transport.heartbeat(heartbeat, { signal: controller.signal }))).toBe(reason);
    expect(clock.monotonic()).toBe(at);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('leaves no listener on a signal that outlives many calls', async () => {
    const { transport } = retrying({ heartbeat: script<void>(undefined) });
    const { signal } = new AbortController();
    for (let call = 0; call < 50; call++) await transport.heartbeat(heartbeat, { signal }).catch(() => {});
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('may have any number of calls under way without a warning of Node', async () => {
    const warnings: Error[] = [];
    const listener = (warning: Error) => warnings.push(warning);
    process.on('warning', listener);
    const { clock, transport } = retrying({ heartbeat: () => sleep(clock, 10) });
    await Promise.all(Array.from({ length: 50 }, () => transport.heartbeat(heartbeat)));
    // Warnings are emitted in a task of their own.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listener);
    expect(warnings).toEqual([]);
  });

  it('ends what is under way, and what waits, when it is closed', async () => {
    let closed = 0;
    const { clock, transport } = retrying({
      heartbeat: () => new Promise(() => {}),
      push: script<PushResult>(failure({ retryAfter: 20_000 })),
      close: () => {
        closed += 1;
      },
    });
    const calls = [transport.heartbeat(heartbeat), transport.push(push)].map(errorOf);
    clock.after(5, () => void transport.close?.());
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'CLOSED' });
    expect(await errorOf(transport.heartbeat(heartbeat))).toMatchObject({ code: 'CLOSED' });
    expect(clock.timers).toBe(0);
    expect(closed).toBe(1);
  });

  it('requests only the rest of the hold when a poll is retried', async () => {
    const waits: number[] = [];
    const { clock, transport } = retrying({
      poll: async ({ wait }) => {
        waits.push(wait);
        await sleep(clock, Math.min(wait, 60_000));
        if (waits.length < 3) throw failure();
        return { kind: 'unchanged' };
      },
    });
    const request = { cluster: 'c', version: 1, wait: 150_000 };
    expect(await transport.poll(request)).toEqual({ kind: 'unchanged' });
    expect(waits).toEqual([150_000, 89_850, 29_400]);
  });

  it('notices a silent poll by the end of its hold and a margin', async () => {
    const { clock, transport } = retrying({ poll: () => new Promise(() => {}) });
    const error = await errorOf(transport.poll({ cluster: 'c', version: 1, wait: 300_000 }));
    expect(error).toMatchObject({ code: 'TIMEOUT', retryable: true });
    expect(clock.monotonic()).toBe(330_000);
  });

  describe('R3: the outcome of a push', () => {
    const outcome = fc.constantFrom('notApplied' as const, 'unknown' as const, undefined);

    it('is certain only if every attempt was', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(outcome, { minLength: 5, maxLength: 5 }), async (outcomes) => {
          const failures = outcomes.map((each) => failure(each === undefined ? {} : { outcome: each }));
          const { transport } = retrying({ push: script<PushResult>(...failures) });
          const certain = outcomes.every((each) => each === 'notApplied');
          const error = await errorOf(transport.push(push));
          expect(error).toMatchObject({ outcome: certain ? 'notApplied' : 'unknown' });
        }),
      );
    });

    it('is unknown after a lost response, even if the last attempt was refused permanently', async () => {
      const { transport } = retrying({
        push: script<PushResult>(
          failure(),
          failure({ outcome: 'notApplied', retryable: false, status: 413 }),
        ),
      });
      const error = await errorOf(transport.push(push));
      expect(error).toMatchObject({ outcome: 'unknown', retryable: false, status: 413 });
    });

    it.each([conflict, { kind: 'epochMismatch', epoch: 'e' } as const])(
      'tells a $kind that follows a lost answer',
      async (result) => {
        const lost = retrying({ push: script<PushResult>(failure(), result) });
        expect(await lost.transport.push(push)).toEqual({ ...result, answerLost: true });
        const refused = retrying({ push: script<PushResult>(failure({ outcome: 'notApplied' }), result) });
        expect(await refused.transport.push(push)).toEqual(result);
      },
    );

    it('is a commit if a later attempt finds it', async () => {
      const { transport } = retrying({ push: script<PushResult>(failure(), committed) });
      expect(await transport.push(push)).toEqual(committed);
    });
  });
});
