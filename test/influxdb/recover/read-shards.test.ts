import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readShards } from '../../../src/influxdb/recover/read-shards.js';
import { writeShard } from '../../tsm/write-files.js';
import { directory } from '../support/lab.js';

/** A server's directories with one shard in each of the databases. */
async function directories(databases: readonly string[]) {
  const dir = await directory();
  const [data, wal] = [join(dir, 'data'), join(dir, 'wal')];
  await Promise.all([mkdir(data), mkdir(wal)]);
  for (const [at, database] of databases.entries())
    await writeShard(data, { database, policy: 'autogen', id: at + 1, first: 1n, last: 9n });
  return { data, wal };
}

describe('the shards on a disk', () => {
  it('keep names in any language, and a name that is not UTF-8 is named and left out', async () => {
    // U+FFFD is what bytes that are not UTF-8 become, and may be part of a name too.
    const names = ['databäse', '数据', 'odd\ufffdname', 'x'];
    const { data, wal } = await directories(names);
    await mkdir(Buffer.concat([Buffer.from(`${data}/odd`), Buffer.from([0xff]), Buffer.from('name')]));
    const found = await readShards(data, wal);
    expect(found.shards.map(({ database }) => database).sort()).toEqual([...names].sort());
    expect(found.skipped).toEqual([{ path: `${data}/odd\ufffdname`, reason: 'its name is not UTF-8' }]);
  });

  it('are found below directories that are named with a separator at their end', async () => {
    const { data, wal } = await directories(['x']);
    const found = await readShards(`${data}/`, `${wal}/`);
    expect(found.shards).toMatchObject([{ id: 1n, database: 'x', policy: 'autogen', isUnreadable: false }]);
  });
});
