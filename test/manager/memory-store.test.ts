import { Manager, MemoryStore } from 'clusterflux/manager';
import { storeContract } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { SharedBytes } from '../../src/manager/versions/shared-bytes.js';

describe('MemoryStore', () => {
  const place = () => {
    const store = new MemoryStore();
    return { connect: () => store.share() };
  };
  for (const { name, run } of storeContract({ place })) it(name, run);

  it('R29: keeps the bytes of a version as they share memory with its base, and joins them when they are read', async () => {
    const base = SharedBytes.of(Buffer.alloc(100_000, 'metadata; '));
    const bytes = base.patched({ length: 10, instructions: [{ from: 5, length: 10 }] });
    let isJoined = false;
    const store = new MemoryStore();
    await using manager = new Manager({ store });
    await manager.open();
    const commit = {
      ...{ cluster: 'c', base: 0, mutation: 'm', bytes },
      get snapshot() {
        isJoined = true;
        return bytes.whole();
      },
    };
    const result = await store.commit(commit);
    expect([result.kind, isJoined]).toEqual(['committed', false]);
    const [record] = await store.history('c');
    expect(record?.size).toBe(10);
    expect(Buffer.from((await store.read('c', record?.version ?? 0)) ?? []).toString()).toBe('ata; metad');
  });
});
