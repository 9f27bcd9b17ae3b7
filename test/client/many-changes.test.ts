import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

/** More at night: `CHANGES=100000`. */
const changes = Number(process.env['CHANGES'] ?? 20_000);

async function openClient() {
  const manager = new Manager({ store: new MemoryStore() });
  const client = new CfluxClient(new LocalMetaClient(), {
    transport: new LocalTransport(manager),
    // What is tested here is how much work it is, not how long that takes.
    mutationTimeout: 600_000,
  });
  await client.open();
  onTestFinished(async () => {
    await client.close();
    await manager.close();
  });
  return { client, manager };
}

/** How often the event loop gets to timers while `work` runs. */
async function timersDuring(work: Promise<unknown>): Promise<number> {
  let fired = 0;
  const timer = setInterval(() => {
    fired += 1;
  }, 1);
  await work;
  clearInterval(timer);
  return fired;
}

describe('many changes', () => {
  it('R9: a mutation of many operations lets timers fire meanwhile, and is one version', async () => {
    const { client, manager } = await openClient();
    const { version } = client.status;
    const work = client.mutate(
      async (meta) => {
        for (let i = 0; i < changes; i++) await meta.createDatabase(`db${i}`);
      },
      { timeout: 600_000 },
    );
    expect(await timersDuring(work)).toBeGreaterThan(5);
    expect((await client.databases()).length).toBe(changes);
    const [newest, before] = await manager.history('default');
    expect([newest?.version, before?.version]).toEqual([client.status.version, version]);
  });

  it('R9: many concurrent calls let timers fire meanwhile, and each has its own outcome', async () => {
    const { client } = await openClient();
    await client.createDatabase('d');
    const refused = Array.from({ length: changes / 10 }, () =>
      client.setPrivilege('nobody', 'd', 1).catch(() => 'refused'),
    );
    const created = Array.from({ length: changes }, (_, i) =>
      client.createRetentionPolicy('d', { name: `p${i}` }, false),
    );
    const work = Promise.all([Promise.all(refused), Promise.all(created)]);
    expect(await timersDuring(work)).toBeGreaterThan(5);
    expect((await work)[0].every((outcome) => outcome === 'refused')).toBe(true);
    expect((await client.database('d'))?.retentionPolicies).toHaveLength(changes + 1);
  });

  it('R9: many concurrent calls of mutate let timers fire meanwhile, though every tenth fails half-way', async () => {
    const { client } = await openClient();
    const outcomes = Array.from({ length: changes }, (_, i) =>
      client.mutate(
        async (meta) => {
          await meta.createDatabase(`db${i}`);
          if (i % 10 === 0) throw new Error('on purpose');
        },
        { timeout: 600_000 },
      ),
    );
    const work = Promise.allSettled(outcomes);
    expect(await timersDuring(work)).toBeGreaterThan(5);
    const rejected = (await work).filter(({ status }) => status === 'rejected');
    expect(rejected).toHaveLength(changes / 10);
    const databases = await client.databases();
    expect(databases).toHaveLength(changes - changes / 10);
    expect([databases[0]?.name, databases.at(-1)?.name]).toEqual(['db1', `db${changes - 1}`]);
  });

  it.each([
    ['succeed', () => false],
    ['fail half-way, each second', (i: number) => i % 2 === 0],
    ['fail half-way after they saw what they changed, one of a hundred', (i: number) => i % 100 === 0],
  ])(
    'R9: the work of concurrent calls of mutate is proportional to their number: %s',
    async (kind, fails) => {
      const { client } = await openClient();
      let copied = 0;
      const { toSpliced } = Array.prototype;
      const spy = vi.spyOn(Array.prototype, 'toSpliced').mockImplementation(function (
        this: unknown[],
        ...args
      ) {
        copied += this.length;
        return Reflect.apply(toSpliced, this, args);
      });
      onTestFinished(() => spy.mockRestore());
      const count = 3_000;
      await Promise.allSettled(
        Array.from({ length: count }, (_, i) =>
          client.mutate(async (meta) => {
            await meta.createDatabase(`db${i}`);
            if (fails(i) && kind.includes('saw')) await meta.databases();
            if (fails(i)) throw new Error('on purpose');
          }),
        ),
      );
      spy.mockRestore();
      // A copy of the list for each would be 1.5 million and more.
      expect(copied).toBeLessThan(40 * count);
    },
  );

  it('R8: a mutation that continues after its deadline does not affect the others', async () => {
    const { client } = await openClient();
    let goOn = () => {};
    const late = client.mutate(
      async (meta) => {
        await meta.createDatabase('early');
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        await meta.createDatabase('late');
      },
      { timeout: 100 },
    );
    const other = client.mutate(async (meta) => {
      goOn();
      await meta.createDatabase('b');
      await new Promise((resolve) => setImmediate(resolve));
    });
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' });
    await other;
    expect((await client.databases()).map(({ name }) => name)).toEqual(['b']);
  });

  it('R8: a mutation that never ends is rejected at its deadline, and leaves nothing behind', async () => {
    const { client } = await openClient();
    let isOver = false;
    const endless = client.mutate(
      async (meta) => {
        for (let i = 0; !isOver; i++) await meta.createDatabase(`db${i}`);
      },
      { timeout: 100 },
    );
    await expect(endless).rejects.toMatchObject({ code: 'TIMEOUT', outcome: 'notApplied' });
    isOver = true;
    await client.createDatabase('after');
    expect((await client.databases()).map(({ name }) => name)).toEqual(['after']);
  });

  it('R7: a call that fails among others leaves them and the metadata as they are', async () => {
    const { client } = await openClient();
    const results = await Promise.allSettled([
      client.createDatabase('a'),
      client.dropSubscription('a', 'autogen', 'none'),
      client.mutate(async (meta) => {
        await meta.createDatabase('half');
        throw new Error('on purpose');
      }),
      client.createDatabase('b'),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect((await client.databases()).map(({ name }) => name)).toEqual(['a', 'b']);
  });
});
