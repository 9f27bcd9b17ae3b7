import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { encodeMetadata } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { isClearlyBelow } from '../../src/manager/http/compressed-size.js';
import { SharedBytes } from '../../src/manager/versions/shared-bytes.js';
import { benchmarkSnapshot } from '../meta/support/benchmark-snapshot.js';

describe('R29: whether a delta is clearly smaller than the compressed snapshot', () => {
  it.each([
    ['metadata', encodeMetadata(benchmarkSnapshot({ databases: 1_000, groups: 1 }))],
    ['zeros', Buffer.alloc(300_000)],
    [
      'zeros with a random middle',
      Buffer.concat([Buffer.alloc(150_000), randomBytes(10_000), Buffer.alloc(150_000)]),
    ],
    [
      'what repeats farther apart than the samples are long',
      Buffer.concat(new Array(50).fill(randomBytes(6_000))),
    ],
    ['random bytes', randomBytes(300_000)],
  ])('is never said of more than the compressed size: %s', async (_, bytes) => {
    const compressed = gzipSync(bytes).byteLength;
    expect(await isClearlyBelow(compressed, SharedBytes.of(bytes))).toBe(false);
  });

  it('is said of a hundredth of the compressed size of metadata', async () => {
    const bytes = encodeMetadata(benchmarkSnapshot({ databases: 1_000, groups: 1 }));
    const hundredth = gzipSync(bytes).byteLength / 100;
    expect(await isClearlyBelow(hundredth, SharedBytes.of(bytes))).toBe(true);
  });

  it('is said of nothing when the snapshot is small', async () => {
    expect(await isClearlyBelow(1, SharedBytes.of(randomBytes(10_000)))).toBe(false);
  });
});
