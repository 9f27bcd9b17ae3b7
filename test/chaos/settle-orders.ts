import { CfluxError, type DropOrder, HttpTransport } from '../../src/index.js';
import { checkOrders, checkPoints } from './checker/orders.js';
import type { OperationLog } from './operation-log.js';
import type { Point } from './points.js';
import type { World } from './world/world.js';

/** After every fault, with every server in sync: whether drop orders were stored, and carried out, as they must (R36). */
export async function settleOrders(
  { managers, servers }: World,
  { operations }: OperationLog,
  points: readonly Point[],
): Promise<string[]> {
  const findings: string[] = [];
  let orders: readonly DropOrder[] = [];
  for (const { name, url } of managers) {
    const transport = new HttpTransport({ endpoint: url });
    try {
      const result = await transport.dropOrders({ cluster: 'chaos', since: 0 });
      if (result.kind === 'dropOrders') orders = result.orders;
      findings.push(...checkOrders(operations, orders).map((what) => `${name}: ${what}`));
    } catch (error) {
      findings.push(`${name}: no drop orders: ${CfluxError.from(error).message}`);
    } finally {
      await transport.close();
    }
  }
  const found = new Map<string, ReadonlySet<string>>();
  for (const [server, influxd] of servers.entries()) {
    for (const database of new Set(points.map((point) => point.database))) {
      const { results } = await influxd.query(`SELECT v FROM "${database}".."p"`);
      const values = results?.[0]?.series?.[0]?.values ?? [];
      found.set(`${server} ${database}`, new Set(values.map(([, value]) => String(value))));
    }
  }
  const there = (server: number, database: string) => found.get(`${server} ${database}`) ?? new Set<string>();
  return [...findings, ...checkPoints(points, orders, there)];
}
