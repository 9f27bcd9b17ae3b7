import { describe, expect, it } from 'vitest';
import { noOrders, withApplied, withOrder, withRead } from '../../src/influxdb/ledger/kept-orders.js';
import type { DropOrder } from '../../src/protocol/drop-orders.js';

const orderOf = (version: number, mutation: string, database = 'x'): DropOrder => ({
  kind: 'database',
  database,
  version,
  mutation,
  at: 0,
});
const listed = (...orders: DropOrder[]) => ({ orders, completeFrom: 0, version: 9 });
const open = () => ({ state: 'open' }) as const;
const upTo9 = { epoch: 'e', version: 9 };

describe('the orders in a ledger', () => {
  it('R36: an order is known by the mutation of its push: a restored store uses its version again for another', () => {
    const read = withRead(noOrders, listed(orderOf(7, 'm1')), upTo9, open);
    const done = withOrder(read, { ...orderOf(7, 'm1'), state: 'done' });
    const again = withRead(done, listed(orderOf(7, 'm1')), upTo9, open);
    expect(again.kept).toMatchObject([{ mutation: 'm1', state: 'done' }]);
    const restored = withRead(done, listed(orderOf(7, 'm2')), upTo9, open);
    expect(restored.kept, 'the order of the lost history is revoked, the other one is new').toMatchObject([
      { version: 7, mutation: 'm2', state: 'open' },
    ]);
    expect(restored.kept).toHaveLength(1);
  });

  it('R36: orders of one push are distinguished by their items', () => {
    const both = withRead(noOrders, listed(orderOf(7, 'm'), orderOf(7, 'm', 'y')), upTo9, open);
    const one = withOrder(both, { ...orderOf(7, 'm', 'y'), state: 'begun', shard: 3n });
    expect(one.kept).toMatchObject([
      { database: 'x', state: 'open' },
      { database: 'y', state: 'begun' },
    ]);
  });

  it('R36: orders up to the applied version, and above the one that is read, are not taken up again', () => {
    const applied = { epoch: 'e', version: 5, shard: 0n, at: 0 };
    const record = withApplied(noOrders, applied, () => false);
    const orders = [orderOf(5, 'm5'), orderOf(6, 'm6'), orderOf(9, 'm9'), orderOf(10, 'm10')];
    const { kept } = withRead(record, listed(...orders), upTo9, open);
    expect(kept.map(({ version }) => version)).toEqual([6, 9]);
  });
});
