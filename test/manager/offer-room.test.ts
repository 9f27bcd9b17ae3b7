import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PushRequest } from '../../src/transport/transport.js';
import { serve } from '../support/serve.js';

const ttl = 15_000;
const again = 2_000;
const limits = { snapshotBytes: 60, offerBytes: 100 };
/** A manager with room for 100 bytes of offers. */
const setUp = () => {
  const clock = new ManualClock();
  const manager = new Manager({ store: new MemoryStore(), clock, nodeTtl: ttl, limits });
  onTestFinished(() => manager.close());
  return { clock, manager };
};

/** The offer of a node whose id is its version; the bytes show the version. */
const offerOf = (cluster: string, version: number, bytes: number): PushRequest => ({
  cluster,
  version: 0,
  snapshot: new Uint8Array(bytes).fill(version),
  mutation: `${cluster}-${version}`,
  nodeId: version,
  epoch: 'lost',
  offer: { epoch: 'lost', version },
});

/** The version whose offer became the data; undefined: the cluster has none. */
async function taken(manager: Manager, cluster: string): Promise<number | undefined> {
  const answer = await manager.poll({ cluster, version: 0, wait: 0 });
  return answer.kind === 'snapshot' ? answer.snapshot[0] : undefined;
}

const kept = { code: 'UNAVAILABLE', outcome: 'unknown', retryable: true };
const refused = { code: 'UNAVAILABLE', outcome: 'notApplied', retryable: true, retryAfter: again };

describe('R24: the bytes of offers, of all clusters together', () => {
  it('R11: an offer without room is refused, and is taken when the offers of other clusters became their data', async () => {
    const { manager, clock } = setUp();
    await expect(manager.push(offerOf('a', 10, 50))).rejects.toMatchObject(kept);
    await expect(manager.push(offerOf('b', 10, 50))).rejects.toMatchObject(kept);
    await expect(manager.push(offerOf('c', 10, 1))).rejects.toMatchObject(refused);
    await clock.advance(ttl);
    expect(await taken(manager, 'a')).toBe(10);
    expect(await taken(manager, 'b')).toBe(10);
    await expect(manager.push(offerOf('c', 10, 1))).rejects.toMatchObject(kept);
    await clock.advance(again + ttl);
    expect(await taken(manager, 'c')).toBe(10);
  });

  it('applies to clients of the same process', async () => {
    const { manager } = setUp();
    const transport = new LocalTransport(manager);
    await expect(transport.push(offerOf('a', 10, 60))).rejects.toMatchObject(kept);
    await expect(transport.push(offerOf('b', 10, 60))).rejects.toMatchObject(refused);
    transport.close();
  });

  it('over HTTP the response is 503 with Retry-After, as certainly not stored', async () => {
    const { url } = await serve({ limits });
    const push = (cluster: string) =>
      fetch(`${url}/clusters/${cluster}/versions/0`, {
        method: 'POST',
        body: Buffer.alloc(60, 'x'),
        headers: { 'Cflux-Epoch': 'lost', 'Cflux-Offer': 'lost/10', 'Cflux-Mutation': cluster },
      });
    const first = await push('a');
    expect([first.status, first.headers.get('cflux-outcome')]).toEqual([503, null]);
    const second = await push('b');
    expect([second.status, second.headers.get('cflux-outcome')]).toEqual([503, 'refused']);
    expect(second.headers.get('retry-after')).toBe('2');
  });

  it('an offer takes the place of a lower one of its cluster, and a lower one needs no room', async () => {
    const { manager } = setUp();
    await expect(manager.push(offerOf('a', 10, 40))).rejects.toMatchObject(kept);
    await expect(manager.push(offerOf('b', 10, 40))).rejects.toMatchObject(kept);
    await expect(manager.push(offerOf('b', 11, 60))).rejects.toMatchObject(kept);
    await expect(manager.push(offerOf('a', 9, 60))).rejects.toMatchObject(kept);
  });

  it('R11: the collection waits for a higher offer that found no room, instead of ending with a lower one', async () => {
    const { manager, clock } = setUp();
    await expect(manager.push(offerOf('a', 10, 20))).rejects.toMatchObject(kept);
    await expect(manager.push(offerOf('b', 10, 60))).rejects.toMatchObject(kept);
    await clock.advance(ttl / 2);
    await expect(manager.push(offerOf('a', 12, 50))).rejects.toMatchObject(refused);
    await clock.advance(ttl / 2);
    expect(await taken(manager, 'b')).toBe(10);
    expect(await taken(manager, 'a')).toBeUndefined();
    await expect(manager.push(offerOf('a', 12, 50))).rejects.toMatchObject(kept);
    await clock.advance(ttl);
    expect(await taken(manager, 'a')).toBe(12);
  });

  it('R11: a node that never offers again does not keep its cluster without data', async () => {
    const { manager, clock } = setUp();
    await expect(manager.push(offerOf('a', 10, 20))).rejects.toMatchObject(kept);
    await expect(manager.push(offerOf('b', 10, 60))).rejects.toMatchObject(kept);
    await expect(manager.push(offerOf('a', 12, 50))).rejects.toMatchObject(refused);
    await clock.advance(again + ttl);
    expect(await taken(manager, 'a')).toBe(10);
  });

  it('R11: collections that all lack room for their higher offers do not wait for each other', async () => {
    const { manager, clock } = setUp();
    for (const cluster of ['a', 'b']) {
      await expect(manager.push(offerOf(cluster, 10, 50))).rejects.toMatchObject(kept);
    }
    for (const cluster of ['a', 'b']) {
      await expect(manager.push(offerOf(cluster, 12, 60))).rejects.toMatchObject(refused);
    }
    await clock.advance(ttl);
    await expect(manager.push(offerOf('a', 12, 60))).rejects.toMatchObject(kept);
    await expect(manager.push(offerOf('b', 12, 60))).rejects.toMatchObject(kept);
    await clock.advance(2 * again);
    expect(await taken(manager, 'a')).toBe(12);
    await clock.advance(ttl);
    expect(await taken(manager, 'b')).toBe(12);
  });

  it('R11: whatever is offered in whatever order, each cluster ends with its highest offer', async () => {
    const node = fc.record({
      cluster: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      version: fc.integer({ min: 1, max: 99 }),
      bytes: fc.integer({ min: 1, max: 60 }),
    });
    const nodes = fc.uniqueArray(node, {
      minLength: 1,
      maxLength: 12,
      selector: ({ cluster, version }) => `${cluster} ${version}`,
    });
    await fc.assert(
      fc.asyncProperty(nodes, async (offers) => {
        const clock = new ManualClock();
        const manager = new Manager({ store: new MemoryStore(), clock, nodeTtl: ttl, limits });
        const clusters = new Set(offers.map(({ cluster }) => cluster));
        const highest = (name: string) =>
          Math.max(...offers.filter(({ cluster }) => cluster === name).map(({ version }) => version));
        // A kept offer needs no other attempt; one that was refused comes again, as clients do.
        let waiting = offers;
        for (let round = 0; round < 100; round++) {
          const lacking = [];
          for (const offer of waiting) {
            const { cluster, version, bytes } = offer;
            const outcome = await manager
              .push(offerOf(cluster, version, bytes))
              .catch((error) => error.outcome);
            if (outcome === 'notApplied') lacking.push(offer);
          }
          waiting = lacking;
          await clock.advance(again);
        }
        for (const cluster of clusters) expect(await taken(manager, cluster)).toBe(highest(cluster));
        await manager.close();
        expect(clock.timers).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
