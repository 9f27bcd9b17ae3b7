import { type CommitWithoutVersion, checkCommit, type Head, type VersionRecord } from 'clusterflux/manager';
import { describe, expect, it } from 'vitest';

const record = (version: number): VersionRecord => ({ version, mutation: `m${version}`, at: 0, size: 1 });
const latest = record(8);
const retained = [latest, record(7)];

const heads: Record<string, Head> = {
  'no data': { epoch: 'E' },
  'version 8': { epoch: 'E', latest, retained },
  'version 8, and the kept versions are not known': { epoch: 'E', latest },
};

const stored = undefined;
const repeated: CommitWithoutVersion = { kind: 'repeated', epoch: 'E', version: 5 };
const mismatch: CommitWithoutVersion = { kind: 'epochMismatch', epoch: 'E' };
const conflict: CommitWithoutVersion = { kind: 'conflict', epoch: 'E', latest, retained };

type Row = readonly [
  mutation: 'new' | 'known',
  epoch: 'none' | 'same' | 'other',
  base: 0 | 7 | 8 | 9,
  withoutData: CommitWithoutVersion | undefined,
  withData: CommitWithoutVersion | undefined,
];

/** All combinations of what a commit can name. */
const rows: readonly Row[] = [
  ['new', 'none', 0, stored, conflict],
  ['new', 'none', 7, stored, conflict],
  ['new', 'none', 8, stored, stored],
  ['new', 'none', 9, stored, conflict],
  ['new', 'same', 0, stored, conflict],
  ['new', 'same', 7, stored, conflict],
  ['new', 'same', 8, stored, stored],
  ['new', 'same', 9, stored, conflict],
  ['new', 'other', 0, mismatch, mismatch],
  ['new', 'other', 7, mismatch, mismatch],
  ['new', 'other', 8, mismatch, mismatch],
  ['new', 'other', 9, mismatch, mismatch],
  ['known', 'none', 0, repeated, repeated],
  ['known', 'none', 7, repeated, repeated],
  ['known', 'none', 8, repeated, repeated],
  ['known', 'none', 9, repeated, repeated],
  ['known', 'same', 0, repeated, repeated],
  ['known', 'same', 7, repeated, repeated],
  ['known', 'same', 8, repeated, repeated],
  ['known', 'same', 9, repeated, repeated],
  ['known', 'other', 0, repeated, repeated],
  ['known', 'other', 7, repeated, repeated],
  ['known', 'other', 8, repeated, repeated],
  ['known', 'other', 9, repeated, repeated],
];

const epochs = { none: undefined, same: 'E', other: 'F' };

describe('R20, R27, R11: a commit is repeated, of another epoch, a conflict, or stored', () => {
  it('the table has every combination once', () => {
    expect(new Set(rows.map(([mutation, epoch, base]) => `${mutation} ${epoch} ${base}`)).size).toBe(
      2 * 3 * 4,
    );
  });

  const cases = rows.flatMap(([mutation, epoch, base, withoutData, withData]) =>
    Object.entries(heads).map(([name, head]) => {
      const expected = head.latest === undefined ? withoutData : withData;
      return { mutation, epoch, base, name, head, expected };
    }),
  );

  it.each(cases)(
    '$mutation mutation, epoch $epoch, base $base, on $name',
    ({ mutation, epoch, base, head, expected }) => {
      const knownVersion = mutation === 'known' ? 5 : undefined;
      const result = checkCommit({ base, epoch: epochs[epoch] }, head, knownVersion);
      if (expected?.kind !== 'conflict') expect(result).toEqual(expected);
      else expect(result).toEqual({ kind: 'conflict', ...head });
    },
  );

  it('version 0, if a store knows a mutation as that, is a version', () => {
    expect(checkCommit({ base: 8 }, { epoch: 'E', latest }, 0)).toEqual({
      kind: 'repeated',
      epoch: 'E',
      version: 0,
    });
  });
});
