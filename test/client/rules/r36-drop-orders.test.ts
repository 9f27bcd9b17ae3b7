import { isCfluxError, type OrderedItem, type Transport } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { Lab, reasonOf } from './support/lab.js';
import { deaf } from './support/wire.js';
import { databaseNames, databasesOf, wrappedKinds } from './support/wrapped-clients.js';

const database = (name: string): OrderedItem => ({ kind: 'database', database: name });

/** The databases that were ordered to be dropped, oldest order first. */
async function ordered(lab: Lab, since = 0): Promise<string[]> {
  const found = await lab.world.fake.manager.dropOrders({ cluster: 'lab', since });
  return found.kind === 'dropOrders' ? found.orders.map((order) => order.database) : [];
}

/** A manager that ignores drop orders, as an older one. */
function older(transport: Transport): Transport {
  const { dropOrders: _, ...rest } = transport;
  return { ...rest, push: ({ drops: __, ...request }, options) => transport.push(request, options) };
}

describe.each(wrappedKinds)('R36 around $name', (kind) => {
  it('R36: an order travels with the push of its mutation, and is reported as stored', async () => {
    const lab = new Lab();
    const { client } = await lab.open({ meta: kind.make() });
    const outcomes: unknown[] = [];
    const made = client.mutate(
      async (meta, { orderDrop }) => {
        await meta.createDatabase('a');
        orderDrop(database('x'), { author: 'ana' });
        return 7;
      },
      { onDropOrders: (outcome) => outcomes.push(outcome) },
    );
    expect(await lab.run(made)).toBe(7);
    const found = await lab.run(client.dropOrders(0));
    const { version } = client.status;
    expect(outcomes).toEqual([{ stored: true, version, mutation: found?.orders[0]?.mutation }]);
    expect(found).toMatchObject({
      version,
      completeFrom: 0,
      orders: [{ ...database('x'), author: 'ana', version }],
    });
    expect(await lab.run(client.dropOrders(version))).toMatchObject({ orders: [] });
  });

  it('R36: a round with an order is pushed even if the metadata came out equal', async () => {
    const lab = new Lab();
    const { client } = await lab.open({ meta: kind.make() });
    const before = client.status.version;
    await lab.run(client.mutate((_, { orderDrop }) => orderDrop(database('x'))));
    expect(client.status.version).toBeGreaterThan(before);
    expect(await ordered(lab)).toEqual(['x']);
  });

  it('R36: only the orders of the run that is pushed count', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make(), manager: deaf(lab.world.fake.transport) });
    const other = await lab.open();
    // The manager has a newer version when the first run is pushed.
    await lab.run(other.client.createDatabase('theirs'));
    let runs = 0;
    const { version } = ours.client.status;
    await lab.run(
      ours.client.mutate(async (meta, { orderDrop }) => {
        runs += 1;
        await meta.createDatabase(`d${runs}`);
        orderDrop(database(`run ${runs}`));
      }),
    );
    expect(ours.client.status.version).toBeGreaterThan(version);
    expect(runs).toBe(2);
    expect(await ordered(lab)).toEqual(['run 2']);
  });

  it('R36: a mutation that fails, or is given up, orders nothing', async () => {
    const lab = new Lab();
    const { client } = await lab.open({ meta: kind.make() });
    const ending = new AbortController();
    const changes = [
      client.mutate(async (_, { orderDrop }) => {
        orderDrop(database('failed'));
        throw new Error('mistake');
      }),
      client.mutate((_, { orderDrop }) => orderDrop(database('made'))),
      client.mutate(
        async (_, { orderDrop }) => {
          orderDrop(database('given up'));
          ending.abort(new Error('given up'));
        },
        { signal: ending.signal },
      ),
    ];
    const states = await lab.run(Promise.allSettled(changes));
    expect(states.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    expect(await ordered(lab)).toEqual(['made']);
  });

  it('R36: a batch that needs more than 4 KiB of orders is split, in order, and each change is made once', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const { client } = ours;
    const { push } = ours.network.calls;
    const long = 'x'.repeat(200);
    const changes = Array.from({ length: 40 }, (_, i) =>
      client.mutate(async (meta, { orderDrop }) => {
        await meta.createDatabase(`d${i}`);
        orderDrop(database(`${i}-${long}`));
        return i;
      }),
    );
    expect(await lab.run(Promise.all(changes))).toEqual(changes.map((_, i) => i));
    expect(databaseNames(lab.newest)).toEqual(changes.map((_, i) => `d${i}`));
    expect(await databasesOf(ours.meta)).toEqual(changes.map((_, i) => `d${i}`));
    expect((await ordered(lab)).map((name) => name.split('-')[0])).toEqual(changes.map((_, i) => `${i}`));
    const pushes = ours.network.calls.push - push;
    expect(pushes).toBeGreaterThan(1);
    expect(pushes).toBeLessThan(10);
  });

  it('R3, R36: a mutation whose own orders do not fit is rejected alone, and not made', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const { client } = ours;
    const tooMany = client.mutate(async (meta, { orderDrop }) => {
      await meta.createDatabase('not made');
      for (let i = 0; i < 500; i++) orderDrop(database(`database ${i}`));
    });
    const other = client.mutate(async (meta) => meta.createDatabase('made'));
    const [reason] = await lab.run(Promise.all([reasonOf(tooMany), other]));
    expect(isCfluxError(reason, 'TOO_LARGE')).toBe(true);
    expect(databaseNames(lab.newest)).toEqual(['made']);
    expect(await databasesOf(ours.meta)).toEqual(['made']);
    expect(await ordered(lab)).toEqual([]);
  });

  it('R2, R36: orders of a push whose response was lost are stored once', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const outcomes: unknown[] = [];
    ours.network.failNext('push', { lose: 'answer' });
    const change = ours.client.mutate((_, { orderDrop }) => orderDrop(database('x')), {
      onDropOrders: (outcome) => outcomes.push(outcome),
    });
    await lab.run(change);
    expect(await ordered(lab)).toEqual(['x']);
    expect(outcomes).toMatchObject([{ stored: true }]);
  });

  it('R36: what nodes offer to a manager that lost its data, and what reseed() replaces, orders nothing', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    await lab.run(ours.client.createDatabase('a'));
    await lab.run(ours.client.createDatabase('lost'));
    const other = await lab.open();
    await lab.settle([ours, other]);
    await lab.run(other.client.mutate((meta) => meta.dropDatabase?.('lost')));
    await lab.settle([ours, other]);
    other.network.partitioned = true;
    await lab.run(ours.client.mutate((_, { orderDrop }) => orderDrop(database('of the lost history'))));
    await lab.world.wipeManager();
    const before = lab.history.length;
    while (lab.history.length === before) await lab.clock.advance(500);
    expect(databaseNames(lab.newest), 'the offer').toEqual(['a']);
    expect(await ordered(lab)).toEqual([]);

    ours.network.partitioned = true;
    await lab.world.wipeManager();
    const fresh = await lab.open({ meta: kind.make() });
    await lab.run(fresh.client.createDatabase('theirs'));
    ours.network.partitioned = false;
    await lab.clock.advance(60_000);
    expect(ours.client.status.state).toBe('foreignCluster');
    await lab.run(ours.client.reseed());
    expect(databaseNames(lab.newest), 'after reseed()').toEqual(['a']);
    expect(await ordered(lab)).toEqual([]);
  });

  it('R36: an older manager makes the change, and the caller is told that it ignored the orders', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make(), manager: older(lab.world.fake.transport) });
    const outcomes: unknown[] = [];
    const change = ours.client.mutate(
      async (meta, { orderDrop }) => {
        await meta.createDatabase('made');
        orderDrop(database('x'));
      },
      { onDropOrders: (outcome) => outcomes.push(outcome) },
    );
    await lab.run(change);
    expect(databaseNames(lab.newest)).toEqual(['made']);
    expect(outcomes).toMatchObject([{ stored: false, version: ours.client.status.version }]);
    const { version } = ours.client.status;
    expect(ours.heard('dropOrdersIgnored')).toEqual([{ version, orders: [database('x')] }]);
    expect(await lab.run(ours.client.dropOrders(0))).toBeUndefined();
  });
});

describe('R36', () => {
  it('R36: orders of _internal, of empty names and after the end of the operation are refused', async () => {
    const lab = new Lab();
    const { client } = await lab.open();
    for (const item of [
      database('_internal'),
      database(''),
      { kind: 'retentionPolicy', database: 'x', policy: '' } as const,
    ]) {
      const reason = await lab.run(reasonOf(client.mutate((_, { orderDrop }) => orderDrop(item))));
      expect(isCfluxError(reason, 'BAD_REQUEST')).toBe(true);
    }
    const late = await lab.run(client.mutate((_, { orderDrop }) => orderDrop));
    expect(() => late(database('x'))).toThrow('the operation has ended');
    expect(await ordered(lab)).toEqual([]);
  });

  it('R36: another history, or a 404 that is not a manager’s, is an error, and not “no orders”', async () => {
    const lab = new Lab();
    const ours = await lab.open();
    await lab.run(ours.client.mutate((_, { orderDrop }) => orderDrop(database('x'))));
    ours.network.failNext('dropOrders', {
      rewrite: () => ({ kind: 'epochMismatch', epoch: 'another', version: 1 }),
    });
    const other = await lab.run(reasonOf(ours.client.dropOrders(0)));
    expect(isCfluxError(other, 'EPOCH_MISMATCH')).toBe(true);
    const { CfluxError } = await import('clusterflux');
    ours.network.failNext('dropOrders', {
      error: new CfluxError('NO_SUCH_ROUTE', 'not found', { status: 404 }),
    });
    const foreign = await lab.run(reasonOf(ours.client.dropOrders(0)));
    expect(isCfluxError(foreign, 'NO_SUCH_ROUTE')).toBe(true);
  });
});
