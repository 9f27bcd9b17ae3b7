import { LocalMetaClient } from 'clusterflux';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';

const password = { hash: 'hash', matches: async () => true };

/** Changes and reads of a few names, so that they meet. */
const step = fc.record({
  what: fc.constantFrom(
    'create',
    'drop',
    'policy',
    'rename',
    'dropPolicy',
    'query',
    'dropQuery',
    'subscribe',
    'group',
    'user',
    'grant',
    'database',
    'retentionPolicy',
    'users',
    'data',
    'fork',
  ),
  one: fc.nat({ max: 3 }),
  other: fc.nat({ max: 3 }),
});

async function run(
  meta: LocalMetaClient,
  { what, one, other }: { what: string; one: number; other: number },
): Promise<unknown> {
  const [database, policy] = [`d${one}`, other === 0 ? 'autogen' : `p${other}`];
  switch (what) {
    case 'create':
      return meta.createDatabase(database);
    case 'drop':
      return meta.dropDatabase(database);
    case 'policy':
      return meta.createRetentionPolicy(database, { name: policy }, other === 1);
    case 'rename':
      return meta.updateRetentionPolicy(database, policy, { name: `p${one + other}` }, false);
    case 'dropPolicy':
      return meta.dropRetentionPolicy(database, policy);
    case 'query':
      return meta.createContinuousQuery(database, `q${other}`, 'x');
    case 'dropQuery':
      return meta.dropContinuousQuery(database, `q${other}`);
    case 'subscribe':
      return meta.createSubscription(database, policy, `s${other}`, 'ALL', ['udp://h:1']);
    case 'group':
      return meta.createShardGroup(database, policy, BigInt(one) * 10n ** 18n);
    case 'user':
      return meta.createUser(`u${one}`, password, false);
    case 'grant':
      return meta.setPrivilege(`u${other}`, database, 1);
    case 'database':
      return meta.database(database);
    case 'retentionPolicy':
      return meta.retentionPolicy(database, policy);
    case 'users':
      return meta.users();
    case 'fork':
      return meta.fork().data();
    default:
      return meta.data();
  }
}

describe('changes in place', () => {
  it('R6: never change what a call has returned, and make the same metadata as changes of copies', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const meta = new LocalMetaClient({ clusterId: 1n });
        const copying = new LocalMetaClient({ clusterId: 1n });
        const returned: { readonly seen: unknown; readonly copy: unknown }[] = [];
        for (const next of steps) {
          const seen = await run(meta, next).catch(() => undefined);
          returned.push({ seen, copy: structuredClone(seen) });
          await run(copying, next).catch(() => undefined);
          // Hands everything out, so that the next change has to copy.
          copying.data();
        }
        for (const { seen, copy } of returned) expect(seen).toEqual(copy);
        expect(meta.data()).toEqual(copying.data());
      }),
      { numRuns: 300 },
    );
  });

  it('R9: copy a long list once for a thousand changes, of databases, policies, queries, users and shard groups', async () => {
    const meta = new LocalMetaClient();
    await meta.createDatabase('d');
    await meta.createDatabase('sharded');
    const week = 7n * 24n * 3600n * 10n ** 9n;
    const spies = [vi.spyOn(Array.prototype, 'toSpliced'), vi.spyOn(Array.prototype, 'with')];
    for (let i = 0; i < 1000; i++) {
      if (meta.database(`d${i}`) === undefined) await meta.createDatabase(`d${i}`);
      await meta.createRetentionPolicy('d', { name: `p${i}` }, false);
      await meta.createContinuousQuery('d', `q${i}`, 'x');
      await meta.createUser(`u${i}`, password, false);
      await meta.createShardGroup('sharded', 'autogen', BigInt(i) * week);
    }
    // Tables of names have buckets, which are short; the lists themselves are longer than that.
    const copied = spies
      .flatMap(({ mock }) => mock.contexts)
      .filter((list) => Array.isArray(list) && list.length > 200);
    for (const spy of spies) spy.mockRestore();
    expect(copied.length).toBeLessThan(20);
  });
});
