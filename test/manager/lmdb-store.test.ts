import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbStore } from 'clusterflux/manager';
import { storeContract } from 'clusterflux/testing';
import { describe, it } from 'vitest';

describe('LmdbStore', () => {
  const place = async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cflux-lmdb-'));
    return {
      connect: () => new LmdbStore({ dir }),
      destroy: () => rm(dir, { recursive: true }),
    };
  };
  for (const { name, run } of storeContract({ place })) it(name, run);
});
