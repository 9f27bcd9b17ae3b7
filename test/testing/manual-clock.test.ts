import { LocalMetaClient } from 'clusterflux';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/async/sleep.js';

describe('ManualClock', () => {
  it('fires what falls due in order of time, then of setting, with everything that follows in between', async () => {
    const clock = new ManualClock();
    const heard: string[] = [];
    clock.after(20, () => heard.push('b'));
    clock.after(10, () => {
      void sleep(clock, 10).then(() => heard.push('c'));
      heard.push('a');
    });
    clock.after(20, () => heard.push('b2'));
    await clock.advance(19);
    expect(heard).toEqual(['a']);
    await clock.advance(1);
    expect(heard).toEqual(['a', 'b', 'b2', 'c']);
    expect(clock.timers).toBe(0);
    expect(clock.monotonic()).toBe(20);
  });

  it('runs until a promise is settled, and throws if that can never be', async () => {
    const clock = new ManualClock();
    expect(await clock.runUntil(sleep(clock, 1_000).then(() => 'done'))).toBe('done');
    await expect(clock.runUntil(new Promise(() => undefined))).rejects.toThrow(/nothing is left/);
    await expect(clock.runUntil(sleep(clock, 50), 10)).rejects.toThrow(/after 10 ms/);
  });

  it('stands still while long work lets the event loop breathe, however slow the machine is', async () => {
    const clock = new ManualClock();
    const meta = new LocalMetaClient();
    const change = async () => {
      for (let i = 0; i < 8; i++) {
        const end = performance.now() + 25;
        while (performance.now() < end);
        await meta.createDatabase(`db${i}`);
      }
      return clock.monotonic();
    };
    let changedAt: number | undefined;
    clock.after(10, () => {
      void change().then((now) => {
        changedAt = now;
      });
    });
    await clock.advance(1_000);
    expect(changedAt).toBe(10);
  });

  it('lets the wall clock jump without disturbing what waits', async () => {
    const clock = new ManualClock(1_000);
    let fired = false;
    clock.after(5, () => {
      fired = true;
    });
    clock.setWall(3_601_000);
    await clock.settle();
    expect(fired).toBe(false);
    expect(clock.now()).toBe(3_601_000);
    await clock.advance(5);
    expect(fired).toBe(true);
  });
});
