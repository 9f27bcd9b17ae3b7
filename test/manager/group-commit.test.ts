import { describe, expect, it } from 'vitest';
import { GroupCommit, type Transactions } from '../../src/manager/stores/group-commit.js';

/** Transactions on a list; its flush fails if `fail` returns true. */
function onList(fail: () => boolean) {
  const list: string[] = [];
  const transactions: Transactions = {
    transactionSync(work) {
      const before = [...list];
      const result = work();
      if (!fail()) return result;
      list.splice(0, list.length, ...before);
      throw new Error('no space left on device');
    },
    childTransaction(work) {
      const before = [...list];
      try {
        work();
      } catch (error) {
        list.splice(0, list.length, ...before);
        throw error;
      }
    },
  };
  return { list, commits: new GroupCommit(transactions) };
}

describe('commits that share a flush', () => {
  it('R20: are acknowledged only if that succeeded', async () => {
    let full = true;
    const { list, commits } = onList(() => full);
    const write = (name: string) => commits.write(() => list.push(name));
    const results = await Promise.allSettled([write('a'), write('b')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(list).toEqual([]);
    full = false;
    await Promise.all([write('c'), write('d')]);
    expect(list).toEqual(['c', 'd']);
  });

  it('fail alone if the fault is their own', async () => {
    const { list, commits } = onList(() => false);
    const broken = commits.write(() => {
      list.push('half');
      throw new Error('own mistake');
    });
    const whole = commits.write(() => list.push('whole'));
    await expect(broken).rejects.toThrow('own mistake');
    await whole;
    expect(list).toEqual(['whole']);
  });
});
