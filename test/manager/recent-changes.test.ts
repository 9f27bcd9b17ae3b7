import { describe, expect, it } from 'vitest';
import { applyDelta } from '../../src/delta/apply-delta.js';
import type { Delta } from '../../src/delta/delta.js';
import { parseVcdiff } from '../../src/delta/vcdiff/parse-vcdiff.js';
import { RecentChanges } from '../../src/manager/versions/recent-changes.js';
import { SharedBytes } from '../../src/manager/versions/shared-bytes.js';

const epoch = 'e';
const size = 20_000;

/** A version: bytes that differ from those of other versions at one place. */
const bytesOf = (version: number) => Buffer.alloc(size, `version ${version}, and more; `);

function versionOf(version: number, bytes: Uint8Array, mutation = `m-${version}`) {
  const snapshot = SharedBytes.of(bytes);
  return { epoch, record: { version, mutation, at: 0, size: bytes.length }, snapshot };
}

/** The delta that inserts a text at the front and drops as many bytes at the end. */
function shifted(base: Uint8Array, text: string): { delta: Delta; target: Buffer } {
  const bytes = Buffer.from(text);
  const instructions = [
    { bytes, length: bytes.length },
    { from: 0, length: base.length - bytes.length },
  ];
  const delta = { length: base.length, instructions };
  return { delta, target: applyDelta(delta, base) };
}

/** Versions 1 to `count`, all but the first pushed as deltas. */
function history(count: number, recent = new RecentChanges()) {
  const versions = [versionOf(1, bytesOf(1))];
  for (let version = 2; version <= count; version++) {
    const before = versions.at(-1)?.snapshot.whole() ?? Buffer.alloc(0);
    const { delta, target } = shifted(before, `change ${version}; `);
    const current = versionOf(version, target);
    recent.add(current, version - 1, delta);
    versions.push(current);
  }
  const newest = versions.at(-1) ?? versionOf(0, Buffer.alloc(0));
  return { recent, versions, newest };
}

describe('R29: the recent changes of a cluster', () => {
  it('compose to the newest version from each of the last ten', () => {
    const { recent, versions, newest } = history(15);
    for (const { record, snapshot } of versions.slice(0, -1)) {
      const offered = recent.deltaTo(newest, { epoch, version: record.version, mutation: record.mutation });
      expect(offered === undefined).toBe(record.version < 5);
      if (offered === undefined) continue;
      const delta = parseVcdiff(offered.delta, { baseLength: size, maxLength: size });
      expect(applyDelta(delta, snapshot.whole()).equals(newest.snapshot.whole())).toBe(true);
      expect(offered.whole.snapshot).toBe(newest.snapshot.whole());
    }
  });

  it('compose for a push that lost the race from each of the last hundred, which other nodes may have stored while it waited', () => {
    const { recent, versions, newest } = history(105);
    for (const { record, snapshot } of versions.slice(0, -1)) {
      const offered = recent.deltaToLoser(newest, { epoch, version: record.version });
      expect(offered === undefined).toBe(record.version < 5);
      if (offered === undefined) continue;
      const delta = parseVcdiff(offered.delta, { baseLength: size, maxLength: size });
      expect(applyDelta(delta, snapshot.whole()).equals(newest.snapshot.whole())).toBe(true);
    }
  });

  it('are composed once for all that ask', () => {
    const { recent, newest } = history(5);
    const claim = { epoch, version: 2 };
    expect(recent.deltaTo(newest, claim)).toBe(recent.deltaTo(newest, { ...claim, mutation: 'm-2' }));
  });

  it('end at a version that was pushed as a whole', () => {
    const { recent, newest } = history(4);
    const whole = versionOf(5, bytesOf(5));
    recent.add(whole, 4, undefined);
    const { delta, target } = shifted(whole.snapshot.whole(), 'after it; ');
    const last = versionOf(6, target);
    recent.add(last, 5, delta);
    expect(recent.deltaTo(last, { epoch, version: newest.record.version })).toBeUndefined();
    expect(recent.deltaTo(last, { epoch, version: 5 })).toBeDefined();
  });

  it('begin again after a version that another manager stored', () => {
    const { recent } = history(4);
    const { delta, target } = shifted(bytesOf(5), 'after it; ');
    const last = versionOf(6, target);
    recent.add(last, 5, delta);
    expect(recent.deltaTo(last, { epoch, version: 3 })).toBeUndefined();
    expect(recent.versionBy('m-3', { version: 3 }, { epoch, latest: last.record })).toBeUndefined();
  });

  it.each([
    ['another epoch', { epoch: 'other', version: 3 }],
    ['no epoch', { version: 3 }],
    ['another mutation', { epoch, version: 3, mutation: 'of a restored store' }],
    ['an unknown version', { epoch, version: 99 }],
    ['the newest version', { epoch, version: 5 }],
  ])('offer nothing to %s', (_, claim) => {
    const { recent, newest } = history(5);
    expect(recent.deltaTo(newest, claim)).toBeUndefined();
  });

  it('offer nothing when the newest version is another one', () => {
    const { recent, newest } = history(5);
    const claim = { epoch, version: 4 };
    expect(recent.deltaTo(versionOf(6, bytesOf(6)), claim)).toBeUndefined();
    expect(recent.deltaTo({ ...newest, epoch: 'restored' }, claim)).toBeUndefined();
    expect(
      recent.deltaTo(versionOf(5, newest.snapshot.whole(), 'of a restored store'), claim),
    ).toBeUndefined();
  });

  it('offer no delta that is not smaller than half of the snapshot', () => {
    const recent = new RecentChanges();
    const { delta, target } = shifted(bytesOf(1), 'x'.repeat(size / 2));
    const current = versionOf(2, target);
    recent.add(current, 1, delta);
    expect(recent.deltaTo(current, { epoch, version: 1 })).toBeUndefined();
  });

  it('take no more memory than the snapshot', () => {
    const recent = new RecentChanges();
    let bytes: Buffer = Buffer.alloc(100_000, 'x');
    for (let version = 2; version < 30; version++) {
      const { delta, target } = shifted(bytes, 'y'.repeat(30_000));
      recent.add(versionOf(version, target), version - 1, delta);
      bytes = target;
      expect(recent.bytes).toBeLessThanOrEqual(100_000);
    }
    expect(recent.bytes).toBeGreaterThan(60_000);
  });

  it('R27: know the version of each mutation since a base, or that there is none', () => {
    const { recent, newest } = history(15);
    const head = { epoch, latest: newest.record };
    expect(recent.versionBy('m-3', { epoch, version: 2 }, head)).toBe(3);
    expect(recent.versionBy('new', { epoch, version: 2 }, head)).toBe('none');
    expect(recent.versionBy('new', { epoch, version: 99 }, head)).toBeUndefined();
    expect(recent.versionBy('new', { epoch: 'other', version: 2 }, head)).toBeUndefined();
    expect(recent.versionBy('new', { epoch, version: 2 }, { epoch })).toBeUndefined();
  });
});
