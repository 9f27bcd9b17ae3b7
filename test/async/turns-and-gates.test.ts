import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Condition } from '../../src/async/condition.js';
import { Deferred } from '../../src/async/deferred.js';
import { forEachConcurrently } from '../../src/async/for-each-concurrently.js';
import { Gate } from '../../src/async/gate.js';
import { Mutex } from '../../src/async/mutex.js';

const microtasks = async (count: number) => {
  for (let i = 0; i < count; i++) await undefined;
};

describe('Mutex', () => {
  it('R1: runs tasks one at a time, in the order of the calls, whether they fail or not', async () => {
    const task = fc.record({ takes: fc.nat(5), fails: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(task), async (tasks) => {
        const mutex = new Mutex();
        const log: string[] = [];
        const outcomes = await Promise.allSettled(
          tasks.map(({ takes, fails }, i) =>
            mutex.run(async () => {
              log.push(`begin ${i}`);
              await microtasks(takes);
              log.push(`end ${i}`);
              if (fails) throw new Error(`${i}`);
              return i;
            }),
          ),
        );
        expect(log).toEqual(tasks.flatMap((_, i) => [`begin ${i}`, `end ${i}`]));
        expect(outcomes.map(({ status }) => status === 'rejected')).toEqual(tasks.map(({ fails }) => fails));
      }),
    );
  });
});

describe('Gate', () => {
  it('lets all callers pass while it is open, and all waiting ones when it opens', async () => {
    const gate = new Gate();
    expect(gate.isOpen).toBe(true);
    await gate.wait();
    gate.shut();
    let passed = 0;
    const waiting = [1, 2].map(() => gate.wait().then(() => passed++));
    gate.shut();
    await microtasks(5);
    expect([gate.isOpen, passed]).toEqual([false, 0]);
    gate.open();
    await Promise.all(waiting);
    expect([gate.isOpen, passed]).toEqual([true, 2]);
  });
});

describe('Condition', () => {
  it('wakes the callers that wait at a notification, and not later ones', async () => {
    const condition = new Condition();
    condition.notifyAll();
    const woken: string[] = [];
    const first = [1, 2].map((i) => condition.wait().then(() => woken.push(`first ${i}`)));
    condition.notifyAll();
    const second = condition.wait().then(() => woken.push('second'));
    await Promise.all(first);
    await microtasks(5);
    expect(woken).toEqual(['first 1', 'first 2']);
    condition.notifyAll();
    await second;
  });
});

describe('Deferred', () => {
  it('settles once, from outside', async () => {
    const resolved = new Deferred<number>();
    resolved.resolve(1);
    resolved.reject(new Error('too late'));
    await expect(resolved.promise).resolves.toBe(1);
    const rejected = new Deferred<number>();
    rejected.reject('why');
    await expect(rejected.promise).rejects.toBe('why');
  });
});

describe('forEachConcurrently', () => {
  it('runs the work for each item once, in order, and no more at a time than the limit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5)), fc.integer({ min: 1, max: 6 }), async (items, limit) => {
        const begun: number[] = [];
        let running = 0;
        let most = 0;
        await forEachConcurrently([...items.entries()], limit, async ([i, takes]) => {
          begun.push(i);
          running += 1;
          most = Math.max(most, running);
          await microtasks(takes);
          running -= 1;
        });
        expect(begun).toEqual([...items.keys()]);
        // The first ones begin together.
        expect(most).toBe(Math.min(limit, items.length));
      }),
    );
  });

  it('rejects with the first failure', async () => {
    const work = forEachConcurrently([1, 2, 3], 2, async (item) => {
      if (item === 2) throw new Error('item 2');
    });
    await expect(work).rejects.toThrow('item 2');
  });
});
