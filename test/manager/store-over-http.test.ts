import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbStore, MemoryStore } from 'clusterflux/manager';
import { storeContract } from 'clusterflux/testing';
import { describe, it } from 'vitest';
import { HttpStore } from '../support/http-store.js';

const stores = {
  async MemoryStore() {
    const store = new MemoryStore();
    return { connect: () => new HttpStore(store.share()) };
  },
  async LmdbStore() {
    const dir = await mkdtemp(join(tmpdir(), 'cflux-http-'));
    return {
      connect: () => new HttpStore(new LmdbStore({ dir, shared: true })),
      destroy: () => rm(dir, { recursive: true }),
    };
  },
};

// What a manager adds stands between: changes are reported by polls, and another epoch without data begins a collection of offers.
const otherwise = /told to every process|another epoch is refused/;

for (const [name, place] of Object.entries(stores)) {
  describe(`the contract of stores through the HTTP server of a manager on ${name}`, () => {
    for (const check of storeContract({ place })) if (!otherwise.test(check.name)) it(check.name, check.run);
  });
}
