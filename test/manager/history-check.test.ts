import { Manager, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { VersionRecord } from '../../src/manager/manager-store.js';
import { isFromOtherHistory } from '../../src/manager/recovery/history-check.js';

const record = (version: number, mutation: string): VersionRecord => ({ version, mutation, at: 0, size: 1 });
const kept = [record(90, 'm90'), record(70, 'm70'), record(50, 'm50')];
const head = { epoch: 'one', latest: kept[0], retained: kept };

describe('R11: what a node has is of another history', () => {
  it.each([
    ['between two versions that are kept', { version: 60 }, true],
    ['a version that another mutation made', { version: 70, mutation: 'other' }, true],
    ['a version that is kept', { version: 70, mutation: 'm70' }, false],
    ['a version that is kept, of a node that tells no mutation', { version: 70 }, false],
    ['older than what is kept, so that nobody can tell', { version: 40 }, false],
    ['above the newest, which the node notices by itself', { version: 95 }, false],
    ['nothing', { version: 0 }, false],
  ])('%s', (_, claim, expected) => {
    expect(isFromOtherHistory({ epoch: 'one', ...claim }, head)).toBe(expected);
  });

  it('does not apply to requests without an epoch, or with another one', () => {
    expect(isFromOtherHistory({ version: 60 }, head)).toBe(false);
    expect(isFromOtherHistory({ version: 60, epoch: 'two' }, head)).toBe(false);
  });

  it('R11: polls and pushes with such a version get 412, with the epoch and the newest version, and store nothing', async () => {
    const manager = new Manager({ store: new MemoryStore() });
    onTestFinished(() => manager.close());
    const snapshot = new TextEncoder().encode('x');
    const push = (version: number, mutation: string, epoch?: string) =>
      manager.push({ cluster: 'a', version, snapshot, mutation, epoch });
    const epoch = await manager.epoch('a');
    await push(0, 'm1');
    const [{ version: first = 0 } = {}] = await manager.history('a');
    // Versions follow the milliseconds: let some be free between two of them.
    await expect.poll(() => Date.now()).toBeGreaterThan(first + 2);
    await push(first, 'm2', epoch);
    const [{ version: second = 0 } = {}] = await manager.history('a');
    await push(second, 'm3', epoch);
    const [{ version: newest = 0 } = {}] = await manager.history('a');
    const other = { kind: 'epochMismatch', epoch, version: newest };
    const foreign = { cluster: 'a', version: first + 1, epoch, wait: 0 };
    expect(await manager.poll(foreign)).toEqual(other);
    expect(await push(first + 1, 'm4', epoch)).toEqual(other);
    expect(await push(first, 'm5', epoch)).toMatchObject({ kind: 'conflict' });
    expect(await manager.poll({ ...foreign, version: first })).toMatchObject({ kind: 'snapshot' });
    expect(await manager.history('a')).toHaveLength(3);
  });
});
