import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { Deadlines } from '../../src/async/deadlines.js';
import type { CurrentVersion } from '../../src/manager/latest-snapshot.js';
import { Publication } from '../../src/manager/publication.js';

const current = (version: number): CurrentVersion => ({
  epoch: 'one',
  record: { version, mutation: `m${version}`, at: 0, size: 1 },
  snapshot: Uint8Array.of(1),
});

function setUp() {
  const clock = new ManualClock();
  const told: number[] = [];
  const publication = new Publication(new Deadlines(clock), ({ record }) => told.push(record.version));
  return { clock, told, publication };
}

describe('versions are told', () => {
  it('at once where no push waits', () => {
    const { told, publication } = setUp();
    publication.publish(current(1), false);
    publication.publish(current(2), false);
    expect(told).toEqual([1, 2]);
  });

  it('together, the latest alone, where pushes wait; at the latest after 200 ms (R22)', async () => {
    const { clock, told, publication } = setUp();
    for (const version of [1, 2, 3]) publication.publish(current(version), true);
    await clock.advance(199);
    expect(told).toEqual([]);
    publication.publish(current(4), true);
    await clock.advance(1);
    expect(told).toEqual([4]);
    await clock.advance(1_000);
    expect(told).toEqual([4]);
  });

  it('as soon as nothing more is to come', async () => {
    const { clock, told, publication } = setUp();
    publication.publish(current(1), true);
    publication.flush();
    publication.publish(current(2), true);
    publication.publish(current(3), false);
    expect(told).toEqual([1, 3]);
    await clock.advance(1_000);
    expect(told).toEqual([1, 3]);
  });

  it('and whoever waits for what is kept back goes on then', async () => {
    const { clock, told, publication } = setUp();
    expect(publication.pending).toBeUndefined();
    publication.publish(current(1), true);
    const told200 = publication.pending?.then(() => told.length);
    await clock.advance(200);
    expect(await told200).toBe(1);
    expect(publication.pending).toBeUndefined();
    publication.publish(current(2), true);
    const toldEarly = publication.pending?.then(() => told.length);
    publication.flush();
    expect(await toldEarly).toBe(2);
  });

  it('never after a higher one', () => {
    const { told, publication } = setUp();
    publication.publish(current(5), false);
    publication.publish(current(4), false);
    expect(told).toEqual([5]);
    expect(publication.isOvertaken(current(4))).toBe(true);
    expect(publication.isOvertaken(current(6))).toBe(false);
  });
});
