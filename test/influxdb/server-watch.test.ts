import { CfluxError } from 'clusterflux';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Deferred } from '../../src/async/deferred.js';
import { ServerWatch } from '../../src/influxdb/server-watch.js';

const gone = (message = 'gone') => new CfluxError('UNREACHABLE', message, { retryable: true });

/** A watch whose probes take `duration` milliseconds and reject with `failure`, if there is one. */
function setUp({ failure, duration = 0 }: { failure?: CfluxError; duration?: number } = {}) {
  const clock = new ManualClock();
  const server = { failure, duration, respondedAt: Number.NEGATIVE_INFINITY };
  const probes: number[] = [];
  const events: [at: number, what: string][] = [];
  let running = 0;
  const watch = new ServerWatch({
    clock,
    respondedAt: () => server.respondedAt,
    probe: async (signal) => {
      probes.push(clock.monotonic());
      running += 1;
      expect(running).toBe(1);
      const done = new Deferred<void>();
      clock.after(server.duration, () => done.resolve());
      signal.addEventListener('abort', () => done.resolve());
      await done.promise;
      running -= 1;
      if (server.failure !== undefined) throw server.failure;
    },
    onDown: ({ message }) => events.push([clock.monotonic(), message]),
    onUp: () => events.push([clock.monotonic(), 'up']),
  });
  onTestFinished(() => watch.close());
  return { clock, server, probes, events, watch };
}

describe('ServerWatch', () => {
  it('R28: probes at once, then every two seconds, one probe at a time', async () => {
    const { clock, server, probes, events } = setUp();
    await clock.advance(10_000);
    expect(probes).toEqual([0, 2_000, 4_000, 6_000, 8_000, 10_000]);
    server.duration = 7_000;
    await clock.advance(30_000);
    expect(probes.slice(6)).toEqual([12_000, 21_000, 30_000, 39_000]);
    expect(events).toEqual([]);
  });

  it('reports a server that is down at the start, and at its return', async () => {
    const { clock, server, events } = setUp({ failure: gone('not there') });
    await clock.advance(5_000);
    expect(events).toEqual([[0, 'not there']]);
    server.failure = undefined;
    await clock.advance(5_000);
    expect(events).toEqual([
      [0, 'not there'],
      [6_000, 'up'],
    ]);
  });

  it('R28: notices within two seconds and the duration of a probe that the server went down, and reports it once', async () => {
    for (const died of [1, 500, 1_999, 2_000, 2_001, 3_500]) {
      const { clock, server, events, watch } = setUp();
      await clock.advance(died);
      Object.assign(server, { failure: gone(), duration: 2_000 });
      await clock.advance(20_000);
      expect(events).toHaveLength(1);
      expect((events[0]?.[0] ?? 0) - died).toBeLessThanOrEqual(4_000);
      server.failure = undefined;
      await clock.advance(4_000);
      expect(events.map(([, what]) => what)).toEqual(['gone', 'up']);
      await watch.close();
    }
  });

  it('sends no probe while other requests get responses', async () => {
    const { clock, server, probes } = setUp();
    for (let second = 0; second < 60; second++) {
      await clock.advance(1_000);
      server.respondedAt = clock.monotonic();
    }
    expect(probes).toEqual([0]);
    await clock.advance(1_999);
    expect(probes).toEqual([0]);
    await clock.advance(1);
    expect(probes).toEqual([0, 62_000]);
  });

  it('takes another response during an outage as no proof, but as a reason to probe at once', async () => {
    const { clock, server, probes, events, watch } = setUp({ failure: gone() });
    await clock.advance(100);
    server.respondedAt = clock.monotonic();
    await clock.advance(100);
    expect(events).toEqual([[0, 'gone']]);
    server.failure = undefined;
    watch.hurry();
    await clock.advance(0);
    expect(probes).toEqual([0, 200]);
    expect(events.at(-1)).toEqual([200, 'up']);
  });

  it('ends with the probe under way, reports nothing afterwards, and leaves no timer', async () => {
    for (const failure of [undefined, gone()]) {
      const { clock, server, events, watch } = setUp();
      await clock.advance(1_000);
      Object.assign(server, { failure, duration: 60_000 });
      await clock.advance(1_500);
      await watch.close();
      expect(events).toEqual([]);
      await clock.advance(60_000);
      expect(clock.timers).toBe(0);
    }
  });
});
