import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../src/async/deadlines.js';
import { PollNotifier } from '../../src/manager/polls/poll-notifier.js';
import type { CurrentVersion } from '../../src/manager/versions/latest-snapshot.js';
import { SharedBytes } from '../../src/manager/versions/shared-bytes.js';

const current = (version: number): CurrentVersion => ({
  epoch: 'one',
  record: { version, mutation: `m${version}`, at: 0, size: 1 },
  snapshot: SharedBytes.of(Uint8Array.of(1)),
});

function setUp() {
  const clock = new ManualClock();
  const notified: number[] = [];
  const notifier = new PollNotifier(new Deadlines(clock), ({ record }) => notified.push(record.version));
  return { clock, notified, notifier };
}

describe('versions are published', () => {
  it('at once if no push waits', () => {
    const { notified, notifier } = setUp();
    notifier.publish(current(1), false);
    notifier.publish(current(2), false);
    expect(notified).toEqual([1, 2]);
  });

  it('together and only of the latest version if pushes wait; at the latest after 200 ms (R22)', async () => {
    const { clock, notified, notifier } = setUp();
    for (const version of [1, 2, 3]) notifier.publish(current(version), true);
    await clock.advance(199);
    expect(notified).toEqual([]);
    notifier.publish(current(4), true);
    await clock.advance(1);
    expect(notified).toEqual([4]);
    await clock.advance(1_000);
    expect(notified).toEqual([4]);
  });

  it('as soon as nothing more is to come', async () => {
    const { clock, notified, notifier } = setUp();
    notifier.publish(current(1), true);
    notifier.flush();
    notifier.publish(current(2), true);
    notifier.publish(current(3), false);
    expect(notified).toEqual([1, 3]);
    await clock.advance(1_000);
    expect(notified).toEqual([1, 3]);
  });

  it('and polls that wait for the delayed version resume then', async () => {
    const { clock, notified, notifier } = setUp();
    expect(notifier.pending).toBeUndefined();
    notifier.publish(current(1), true);
    const told200 = notifier.pending?.then(() => notified.length);
    await clock.advance(200);
    expect(await told200).toBe(1);
    expect(notifier.pending).toBeUndefined();
    notifier.publish(current(2), true);
    const toldEarly = notifier.pending?.then(() => notified.length);
    notifier.flush();
    expect(await toldEarly).toBe(2);
  });

  it('never after a higher one', () => {
    const { notified, notifier } = setUp();
    notifier.publish(current(5), false);
    notifier.publish(current(4), false);
    expect(notified).toEqual([5]);
    expect(notifier.isOvertaken(current(4))).toBe(true);
    expect(notifier.isOvertaken(current(6))).toBe(false);
  });
});
