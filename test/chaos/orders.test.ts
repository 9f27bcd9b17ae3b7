import { expect, it } from 'vitest';
import { checkOrders, checkPoints } from './checker/orders.js';
import type { Operation } from './history.js';
import type { Point } from './points.js';

const operation = (value: string, outcome: Operation['outcome']): Operation => ({
  id: 1,
  client: 'n0#1',
  call: { do: 'recreate', key: 'points-0', value },
  begin: 0,
  end: 1,
  outcome,
});

const order = (version: number) =>
  ({ kind: 'database', database: 'points-0', version, mutation: `m${version}`, at: 0 }) as const;
/** The order that marks a change. */
const mark = (version: number, policy: string) =>
  ({ ...order(version), kind: 'retentionPolicy', policy }) as const;

const point = (applied: number, more: Partial<Point> = {}): Point => ({
  server: 0,
  client: 'n0#1',
  database: 'points-0',
  value: '1',
  applied,
  held: applied,
  convergences: 1,
  ...more,
});

const there =
  (...values: string[]) =>
  () =>
    new Set(values);

it.each<[string, Operation[], ReturnType<typeof mark>[], RegExp | undefined]>([
  ['an acknowledged order that is stored', [operation('a', 'ok')], [mark(1, 'a')], undefined],
  ['an acknowledged order that is lost', [operation('a', 'ok')], [], /acknowledged and is lost/],
  ['an order that is stored twice', [operation('a', 'ok')], [mark(1, 'a'), mark(2, 'a')], /stored 2 times/],
  ['a refused order that is stored', [operation('a', 'failed')], [mark(1, 'a')], /failed for certain/],
  ['an order of unknown outcome', [operation('a', 'unknown')], [mark(1, 'a')], undefined],
  ['an order that nobody made', [], [mark(1, 'a')], /nobody ordered a/],
])('R36: the checker judges %s', (_, operations, orders, finding) => {
  const found = checkOrders(operations, orders).join();
  expect(found).toMatch(finding ?? /^$/);
});

const seenLater = (held: number) => point(4, { value: '2', held, convergences: 3 });

it.each<[string, Point[], number[], string[], RegExp | undefined]>([
  ['a point that was written after the last order, and is there', [point(5)], [3, 5], ['1'], undefined],
  ['a point that was written after the last order, and is gone', [point(5)], [3, 5], [], /is gone/],
  ['a point that an order dropped', [point(4, { held: 4 }), seenLater(4)], [3, 5], [], undefined],
  ['a point that the order left', [point(4), seenLater(4)], [3, 5], ['1'], /did not drop it/],
  ['a point that no convergence saw before the order', [point(4)], [3, 5], ['1'], undefined],
  [
    'a point that was written while the order was on its way',
    [point(4), seenLater(5)],
    [3, 5],
    ['1'],
    undefined,
  ],
  ['a point of a database that no order names', [point(4)], [], [], /is gone/],
])('R36: the checker judges %s', (_, points, versions, found, finding) => {
  const orders = versions.map((version) => order(version));
  expect(checkPoints(points, orders, there(...found)).join()).toMatch(finding ?? /^$/);
});
