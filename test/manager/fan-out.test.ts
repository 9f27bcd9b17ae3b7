import { Manager, MemoryStore } from 'clusterflux/manager';
import { expect, it, onTestFinished } from 'vitest';
import { SharedResult } from '../../src/manager/shared-result.js';

const bytes = (text: string) => new TextEncoder().encode(text);

/** Blocks the event loop, as a response does that is written. */
function work(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** A cluster at its first version, with many polls that are held. */
async function waiting(polls: number) {
  const manager = new Manager({ store: new MemoryStore() });
  onTestFinished(() => manager.close());
  const push = (cluster: string, version: number, mutation: string) =>
    manager.push({ cluster, version, snapshot: bytes(mutation), mutation });
  const first = await push('a', 0, 'm-1');
  if (first.kind !== 'committed') throw new Error(first.kind);
  const { version } = first;
  let completed = 0;
  const held = Array.from({ length: polls }, async () => {
    const result = await manager.poll({ cluster: 'a', version, wait: 60_000 });
    work(1);
    completed += 1;
    return result;
  });
  while (manager.heldPolls < polls) await new Promise((resolve) => setImmediate(resolve));
  return { manager, push, version, held, completed: () => completed };
}

it('R24: a push is acknowledged before the polls that it completes', async () => {
  const { push, version, held, completed } = await waiting(300);
  await push('a', version, 'm-2');
  expect(completed()).toBe(0);
  const results = await Promise.all(held);
  expect(results.every((result) => result.kind === 'snapshot' && result.mutation === 'm-2')).toBe(true);
});

it('R24: pushes to other clusters and heartbeats do not wait for all polls of a cluster', async () => {
  const { manager, push, version, held, completed } = await waiting(300);
  const { id } = await manager.register('b', { ip: '10.0.0.1,', hostname: 'b' });
  await push('a', version, 'm-2');
  while (completed() === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(await manager.heartbeat('b', id)).toBe(true);
  await push('b', 0, 'm-3');
  expect(completed()).toBeLessThan(300);
  await Promise.all(held);
});

it('R22: polls that wait for their turn get the newest version, and polls that arrive meanwhile miss none', async () => {
  const { manager, push, version, held, completed } = await waiting(100);
  const second = await push('a', version, 'm-2');
  if (second.kind !== 'committed') throw new Error(second.kind);
  while (completed() === 0) await new Promise((resolve) => setImmediate(resolve));
  const late = manager.poll({ cluster: 'a', version: second.version, wait: 60_000 });
  await push('a', second.version, 'm-3');
  const results = await Promise.all(held);
  expect(results.at(-1)).toMatchObject({ kind: 'snapshot', mutation: 'm-3' });
  expect(await late).toMatchObject({ kind: 'snapshot', mutation: 'm-3' });
});

it('a manager that closes completes polls that wait for their turn with the new version', async () => {
  const { manager, push, version, held } = await waiting(50);
  await push('a', version, 'm-2');
  await manager.close();
  const results = await Promise.all(held);
  expect(results.every((result) => result.kind === 'snapshot' && result.mutation === 'm-2')).toBe(true);
});

it('R24: responses that wait for one compressed snapshot continue in slices', async () => {
  let finish: (result: string) => void = () => {};
  const shared = new SharedResult(new Promise<string>((resolve) => (finish = resolve)));
  let completed = 0;
  const waiting = Array.from({ length: 100 }, async () => {
    const result = await shared.get();
    work(1);
    completed += 1;
    return result;
  });
  finish('compressed');
  while (completed === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(completed).toBeLessThan(100);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['compressed']));
  expect(await shared.get()).toBe('compressed');
});

it('a shared result that fails fails for all that wait, and later', async () => {
  const shared = new SharedResult(Promise.reject(new Error('no memory')));
  await expect(Promise.all([shared.get(), shared.get()])).rejects.toThrow('no memory');
  await expect(shared.get()).rejects.toThrow('no memory');
});
