import { type Random, systemRandom } from '../random.js';
import type { MetaData } from './records.js';

/**
 * Returns the metadata of a new store: no databases, no users, all counters 0.
 *
 * @param options `clusterId`: default a random number of 63 bits; `random`: its source, for tests
 * @example
 * ```ts
 * const mine = { kept: emptyMetaData(), data: () => mine.kept, setData: (data: MetaData) => void (mine.kept = data) };
 * const client = new CfluxClient(mine, { cluster: 'prod' });
 * ```
 */
export function emptyMetaData(
  options: { readonly clusterId?: bigint | undefined; readonly random?: Random | undefined } = {},
): MetaData {
  const { clusterId, random = systemRandom } = options;
  return {
    term: 0n,
    index: 1n,
    clusterId: clusterId ?? randomClusterId(random),
    databases: [],
    users: [],
    maxNodeId: 0n,
    maxShardGroupId: 0n,
    maxShardId: 0n,
  };
}

/** 63 bits: InfluxDB's random number is signed and not negative. */
function randomClusterId(random: Random): bigint {
  const bits = (count: number) => BigInt(Math.floor(random() * 2 ** count));
  return (bits(31) << 32n) | bits(32);
}
