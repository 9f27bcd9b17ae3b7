import { describe, expect, it } from 'vitest';
import { FairTurns, type Turn } from '../../src/async/fair-turns.js';

/** Tasks that run until they are ended, in the order in which they started. */
function bench(limit: number) {
  const turns = new FairTurns(limit);
  const started: { readonly name: string; readonly end: () => void }[] = [];
  const add = (name: string, turn: Turn) => {
    const task = () => new Promise<void>((end) => started.push({ name, end }));
    void turns.run(turn, task);
  };
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const end = async (name: string) => {
    started.find((task) => task.name === name)?.end();
    await settle();
  };
  return { add, end, settle, started: () => started.map(({ name }) => name) };
}

const ordinary = (key: string): Turn => ({ key, isSlow: false });
const slow = (key: string): Turn => ({ key, isSlow: true });

describe('FairTurns', () => {
  it('R24, R32: a key with many tasks delays another key by the one under way', async () => {
    const { add, end, settle, started } = bench(1);
    for (let i = 1; i <= 1000; i++) add(`a${i}`, ordinary('a'));
    add('b1', ordinary('b'));
    add('b2', ordinary('b'));
    await settle();
    await end('a1');
    await end('b1');
    await end('a2');
    add('c1', ordinary('c'));
    await end('b2');
    await end('a3');
    expect(started()).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'c1']);
  });

  it.each([1, 2, 3])('R24: of %i places slow tasks take one, and leave one', async (limit) => {
    const { add, end, settle, started } = bench(limit);
    for (let i = 1; i <= 3; i++) add(`slow${i}`, slow(`s${i}`));
    for (let i = 1; i <= 9; i++) add(`a${i}`, ordinary('a'));
    await settle();
    const places = Math.max(limit, 2) - 1;
    expect(started()).toEqual(['slow1', ...Array.from({ length: places }, (_, i) => `a${i + 1}`)]);
    await end('slow1');
    expect(started().at(-1)).toBe('slow2');
    await end('a1');
    expect(started().at(-1)).toBe(`a${places + 1}`);
  });

  it('a task that throws gives its place to the next', async () => {
    const turns = new FairTurns(1);
    const failed = turns.run(ordinary('a'), () => {
      throw new Error('broken');
    });
    const next = turns.run(ordinary('a'), async () => 'next');
    await expect(failed).rejects.toThrowError('broken');
    expect(await next).toBe('next');
  });
});
