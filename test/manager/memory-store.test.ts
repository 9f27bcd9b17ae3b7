import { MemoryStore } from 'clusterflux/manager';
import { storeContract } from 'clusterflux/testing';
import { describe, it } from 'vitest';

describe('MemoryStore', () => {
  const place = () => {
    const store = new MemoryStore();
    return { connect: () => store.share() };
  };
  for (const { name, run } of storeContract({ place })) it(name, run);
});
