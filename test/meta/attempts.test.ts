import { encodeMetadata, LocalMetaClient, type MetaClient } from 'clusterflux';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attemptOn } from '../../src/meta/local-meta-client.js';

type Step = readonly [kind: number, database: number, item: number];

const step: fc.Arbitrary<Step> = fc.tuple(fc.nat(9), fc.nat(2), fc.nat(60));
const operation = fc.record({ steps: fc.array(step, { maxLength: 6 }), fails: fc.boolean() });

/** Makes one change, or reads; `see` gets what was read. */
async function run(meta: MetaClient, [kind, d, i]: Step, see: (seen: unknown) => void): Promise<void> {
  const name = `d${d}`;
  const calls: readonly (() => unknown)[] = [
    () => meta.createDatabase(name),
    () => meta.createRetentionPolicy(name, { name: `p${i}` }, i % 2 === 0),
    () => meta.dropRetentionPolicy(name, `p${i}`),
    () => meta.createContinuousQuery(name, `c${i}`, `q${i}`),
    () => meta.createSubscription(name, 'autogen', `s${i}`, 'ALL', ['udp://h:1']),
    () => meta.createShardGroup(name, 'autogen', BigInt(i) * 604_800_000_000_000n),
    () => meta.updateRetentionPolicy(name, `p${i}`, { name: `p${i + 1}` }, false),
    () => meta.database(name),
    () => meta.data(),
    () => meta.dropDatabase(name),
  ];
  try {
    see(await calls[kind]?.());
  } catch {
    // A refusal changes nothing.
  }
}

describe('R3: an attempt on a client that takes over its changes', () => {
  it('leaves what a fork of its own would have left, and nothing that was read changes later', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 12 }), async (operations) => {
        const fork = new LocalMetaClient({ clusterId: 7n }).fork();
        let model = fork.fork();
        const seen: (readonly [object: unknown, copy: unknown])[] = [];
        for (const { steps, fails } of operations) {
          const attempt = model.fork();
          for (const one of steps) await run(attempt, one, () => {});
          if (!fails) model = attempt;
          const work = attemptOn(fork, async (meta) => {
            for (const one of steps)
              await run(meta, one, (object) => seen.push([object, structuredClone(object)]));
            if (fails) throw new Error('on purpose');
          });
          await work.catch(() => {});
        }
        expect(encodeMetadata(fork.data())).toEqual(encodeMetadata(model.data()));
        for (const [object, copy] of seen) expect(object).toEqual(copy);
        // The tables of names are right, too.
        for (const { name } of model.databases()) {
          for (let i = 0; i <= 61; i++)
            expect(fork.retentionPolicy(name, `p${i}`)).toEqual(model.retentionPolicy(name, `p${i}`));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('finds names in long lists after many were taken back', async () => {
    const fork = new LocalMetaClient().fork();
    for (let i = 0; i < 100; i++) await fork.createDatabase(`db${i}`);
    for (let i = 0; i < 50; i++) {
      const sees = i % 3 === 0;
      const work = attemptOn(fork, async (meta) => {
        await meta.dropDatabase(`db${i}`);
        await meta.createDatabase(`new${i}`);
        await meta.createRetentionPolicy(`db${i + 1}`, { name: 'p' }, false);
        if (sees) expect((await meta.data()).databases).toHaveLength(100);
        expect(await meta.database(`new${i}`)).toBeDefined();
        throw new Error('on purpose');
      });
      await expect(work).rejects.toThrow('on purpose');
      expect(fork.database(`db${i}`)?.name).toBe(`db${i}`);
      expect(fork.database(`new${i}`)).toBeUndefined();
      expect(fork.retentionPolicy(`db${i + 1}`, 'p')).toBeUndefined();
    }
    expect(fork.databases().map(({ name }) => name)).toEqual(Array.from({ length: 100 }, (_, i) => `db${i}`));
  });

  it('continues with a copy after it has ended', async () => {
    const fork = new LocalMetaClient().fork();
    let kept: LocalMetaClient | undefined;
    await attemptOn(fork, async (meta) => {
      kept = meta;
      await meta.createDatabase('a');
    });
    await kept?.createDatabase('b');
    expect(kept?.databases()).toHaveLength(2);
    expect(fork.databases()).toHaveLength(1);
  });
});
