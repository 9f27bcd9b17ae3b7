import type { DropOrder } from '../../../src/index.js';
import type { Operation } from '../history.js';
import type { Point } from '../points.js';

/** R2, R36: compares the results of all callers that ordered drops with the orders of a manager. Returns the faults, in words. */
export function checkOrders(operations: readonly Operation[], orders: readonly DropOrder[]): string[] {
  const findings: string[] = [];
  const times = new Map<string, number>();
  for (const order of orders)
    if (order.kind === 'retentionPolicy') times.set(order.policy, (times.get(order.policy) ?? 0) + 1);
  for (const { id, call, outcome } of operations) {
    if (call.do !== 'recreate') continue;
    const count = times.get(call.value) ?? 0;
    times.delete(call.value);
    const what = `the drop order ${call.value} (operation ${id})`;
    if (count > 1) findings.push(`${what} is stored ${count} times`);
    if (outcome === 'ok' && count === 0) findings.push(`${what} was acknowledged and is lost`);
    if (outcome === 'failed' && count > 0) findings.push(`${what} failed for certain and is stored`);
  }
  for (const value of times.keys()) findings.push(`nobody ordered ${value}`);
  return findings;
}

/**
 * R36: compares the points that servers acknowledged with those that they have in the end. A point that was written when its server was in
 * sync with the last order of its database, or in a database without orders, must be there. One that was written before must be gone, if
 * the agent saw it in a complete convergence before the order (otherwise the database may count as one that was created by hand).
 */
export function checkPoints(
  points: readonly Point[],
  orders: readonly DropOrder[],
  found: (server: number, database: string) => ReadonlySet<string>,
): string[] {
  const findings: string[] = [];
  for (const [at, point] of points.entries()) {
    const { server, database, value, applied } = point;
    const versions = orders
      .filter((order) => order.kind === 'database' && order.database === database)
      .map(({ version }) => version);
    const [first = 0, last = 0] = [Math.min(...versions), Math.max(...versions)].filter(Number.isFinite);
    const isThere = found(server, database).has(value);
    const what = `point ${value} of ${database} at the server of n${server}`;
    if (applied >= last && !isThere)
      findings.push(
        `${what} was written at version ${applied} and is gone, though the last order is of ${last}`,
      );
    const wasSeen = points.slice(at + 1).some((later) => isSeenBefore(point, later, last));
    if (applied >= first && wasSeen && isThere)
      findings.push(`${what} was written before version ${last}, whose order did not drop it`);
  }
  return findings;
}

/** Whether the agent converged completely between both points, before the version of the order. */
const isSeenBefore = (point: Point, later: Point, order: number): boolean =>
  later.client === point.client && later.convergences >= point.convergences + 2 && later.held < order;
