import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import type { SnapshotBytes } from '../manager-store.js';

const gzip = promisify(gzipCallback);

/** The best compression ratio that deflate can reach. */
const bestRatio = 1_032;
const samples = 16;
const sampleSize = 2 * 1024;
/** How much better than the samples the whole may compress: it repeats what is far apart, too. */
const safety = 8;

/** Returns the least bytes to which `size` bytes can be compressed. */
export const leastCompressed = (size: number): number => size / bestRatio;

/**
 * Resolves with whether `limit` is clearly below the compressed size of `bytes`, judged by samples, because to compress large metadata
 * takes as long as many changes. `false` says nothing.
 */
export async function isClearlyBelow(limit: number, bytes: SnapshotBytes): Promise<boolean> {
  const size = bytes.byteLength;
  if (size <= samples * sampleSize) return false;
  const step = (size - sampleSize) / (samples - 1);
  const taken = Array.from({ length: samples }, (_, i) => {
    const start = Math.floor(i * step);
    return bytes.slice(start, start + sampleSize);
  }).flat();
  const compressed = await gzip(Buffer.concat(taken));
  const estimate = (compressed.byteLength / (samples * sampleSize)) * size;
  return limit <= estimate / safety;
}
