import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ManagerApi } from '../../src/cli/manager-api.js';
import { parseVersionNotation, resolveVersion, shortVersions } from '../../src/cli/version-notation.js';

const managerWith = (versions: readonly number[]) =>
  ({ history: async () => versions.map((version) => ({ version })) }) as unknown as ManagerApi;

const resolved = (versions: readonly number[], text: string) =>
  resolveVersion(managerWith(versions), 'prod', parseVersionNotation(text));

describe('the notation of versions', () => {
  it('takes back what a table shows, for any kept versions', async () => {
    const versions = fc.uniqueArray(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), {
      minLength: 1,
      maxLength: 10,
    });
    await fc.assert(
      fc.asyncProperty(versions, async (kept) => {
        const newestFirst = kept.toSorted((a, b) => b - a);
        const short = shortVersions(newestFirst);
        for (const version of newestFirst) {
          expect(await resolved(newestFirst, short(version))).toBe(version);
          expect(await resolved(newestFirst, String(version))).toBe(version);
        }
      }),
    );
  });

  it('refuses an ending of several versions, and names them', async () => {
    const kept = [1_763_800_024_711, 1_763_800_014_711];
    for (const text of ['…4711', '4711', '…711'])
      await expect(resolved(kept, text)).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: `${text} is ambiguous: 1763800024711, 1763800014711; write more digits`,
      });
    expect(await resolved(kept, '24711')).toBe(kept[0]);
    expect(kept.map(shortVersions(kept))).toEqual(['…24711', '…14711']);
  });

  it('prefers a whole version to an ending, and takes no ending below four digits without an ellipsis', async () => {
    expect(await resolved([14_711, 4_711], '4711')).toBe(4_711);
    expect(await resolved([14_711], '711')).toBe(711);
    expect(await resolved([14_711], '…1')).toBe(14_711);
  });
});
