import { createHash } from 'node:crypto';
import { decodeMetadata, encodeMetadata, LocalMetaClient } from 'clusterflux';
import { applyDelta } from '../../src/delta/apply-delta.js';
import { composeDeltas } from '../../src/delta/compose-deltas.js';
import type { Delta } from '../../src/delta/delta.js';
import { parseVcdiff } from '../../src/delta/vcdiff/parse-vcdiff.js';
import { printVcdiff } from '../../src/delta/vcdiff/print-vcdiff.js';
import { decodeDelta } from '../../src/meta/codec/decode-delta.js';
import { diffMetadata } from '../../src/meta/codec/diff-metadata.js';
import { benchmarkSnapshot } from '../../test/meta/support/benchmark-snapshot.js';
import { median } from '../measure.js';
import type { Figure } from '../report.js';

const warmUp = 30;
const rounds = 100;

/** Microseconds of each kind of work, one for each round after the warm-up. */
class Times {
  readonly #all = new Map<string, number[]>();

  /** Runs `work` and returns its result. */
  take<T>(name: string, round: number, work: () => T): T {
    const begin = performance.now();
    const result = work();
    const time = (performance.now() - begin) * 1000;
    if (round >= 0) this.#all.set(name, [...(this.#all.get(name) ?? []), time]);
    return result;
  }

  median(name: string): number {
    return median(this.#all.get(name) ?? []);
  }

  mean(name: string): number {
    const times = this.#all.get(name) ?? [];
    return times.reduce((sum, time) => sum + time, 0) / times.length;
  }
}

/** One change after the other, each pushed by one node and adopted by another, as far as that is a matter of deltas. */
async function figuresAt(databases: number, groups: number): Promise<Figure[]> {
  const client = new LocalMetaClient();
  await client.setData(benchmarkSnapshot({ databases, groups }));
  let bytes = encodeMetadata(client.data());
  let known = decodeMetadata(bytes);
  const times = new Times();
  const recent: Delta[] = [];
  let longest = 0;
  for (let round = -warmUp; round < rounds; round++) {
    const base = client.data();
    const name = base.databases[((round + warmUp) * 7919) % databases]?.name ?? '';
    const query = `CREATE CONTINUOUS QUERY q ON "${name}" BEGIN SELECT 1 END`;
    await client.createContinuousQuery(name, `q${round}`, query);
    const data = client.data();
    const made = times.take('make', round, () => diffMetadata(base, data));
    const printed = times.take('print', round, () => printVcdiff(made));
    const limits = { baseLength: bytes.length, maxLength: 2 ** 28 };
    const delta = times.take('parse', round, () => parseVcdiff(printed, limits));
    const target = times.take('apply', round, () => applyDelta(delta, bytes));
    recent.push(delta);
    const ten = recent.slice(-10);
    times.take('compose', round, () => ten.reduce((a, b) => composeDeltas(a, b)));
    const before = known;
    known = times.take('adopt', round, () => decodeDelta(before, delta));
    times.take('copy', round, () => new Uint8Array(bytes));
    times.take('list', round, () => before.databases.slice());
    times.take('hash', round, () => createHash('sha256').update(target).digest());
    longest = Math.max(longest, printed.length);
    bytes = target;
  }
  const size = `${(bytes.length / 1e6).toLocaleString('en', { maximumSignificantDigits: 2 })} MB`;
  const at = `at ${databases.toLocaleString('en')} databases, ${size}`;
  const unit = 'µs';
  const copy = { floor: times.median('copy'), floorName: 'one copy of the bytes' };
  const list = { floor: times.median('list'), floorName: 'one copy of the list of databases' };
  return [
    { name: `longest delta of one change ${at}`, value: longest, unit: 'B', target: 250 },
    { name: `making a delta ${at}`, value: times.median('make'), unit, ...list },
    { name: `making a delta ${at}, mean`, value: times.mean('make'), unit, ...copy },
    { name: `printing it ${at}`, value: times.median('print'), unit },
    { name: `parsing it ${at}`, value: times.median('parse'), unit },
    { name: `applying it to bytes ${at}`, value: times.median('apply'), unit, ...copy },
    { name: `composing ten ${at}`, value: times.median('compose'), unit },
    { name: `metadata of a delta ${at}`, value: times.median('adopt'), unit, ...list },
    { name: `metadata of a delta ${at}, mean`, value: times.mean('adopt'), unit, ...copy },
    { name: `SHA-256 of the bytes ${at}`, value: times.median('hash'), unit },
  ];
}

export async function run(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const [databases, groups] of [
    [100, 0],
    [1000, 0],
    [1000, 100],
    [10_000, 0],
    [100_000, 0],
  ] as const) {
    figures.push(...(await figuresAt(databases, groups)));
  }
  return figures;
}
