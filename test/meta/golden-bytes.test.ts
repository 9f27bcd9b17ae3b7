import { createHash } from 'node:crypto';
import { decodeMetadata, encodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { benchmarkSnapshot } from './support/benchmark-snapshot.js';

const empty: MetaData = {
  term: 0n,
  index: 1n,
  clusterId: 99n,
  databases: [],
  users: [],
  maxNodeId: 0n,
  maxShardGroupId: 0n,
  maxShardId: 0n,
};

describe('bytes that InfluxDB writes', () => {
  it('of an empty store', () => {
    expect(Buffer.from(encodeMetadata(empty)).toString('hex')).toBe('080010011863380040004800');
  });

  it('of a store with a truncated group, a subscription and a continuous query', async () => {
    const client = new LocalMetaClient({ clusterId: 99n });
    await client.createDatabase('db0');
    await client.createShardGroup('db0', 'autogen', 0n);
    await client.truncateShardGroups(1n);
    await client.createSubscription('db0', 'autogen', 's', 'ALL', ['udp://h:1']);
    await client.createContinuousQuery('db0', 'c', 'q');
    const golden = `08 00 10 08 18 63 2a 62 0a 03 64 62 30 12 07 61 75 74 6f 67 65 6e 1a 4a 0a 07
      61 75 74 6f 67 65 6e 10 00 18 80 80 a4 c9 ff c1 89 01 20 01 2a 1d 08 01 10 80
      80 cc e0 a4 88 c5 ff ff 01 18 80 80 f0 a9 a4 ca 4e 20 00 2a 02 08 01 30 01 32
      13 0a 01 73 12 03 41 4c 4c 1a 09 75 64 70 3a 2f 2f 68 3a 31 22 06 0a 01 63 12
      01 71 38 00 40 01 48 01`.replace(/\s/g, '');
    const bytes = encodeMetadata({ ...client.data(), index: 8n });
    expect(Buffer.from(bytes).toString('hex')).toBe(golden);
  });

  it('of a snapshot of a thousand databases with a hundred shard groups each', () => {
    const data = benchmarkSnapshot();
    const bytes = encodeMetadata(data);
    expect(bytes.length).toBe(3_417_004);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      '73b1312f3ec39d480ff285750ca637eb5333fa5bd448a4485363fe4204050e98',
    );
    expect(decodeMetadata(bytes)).toEqual(data);
  });
});
