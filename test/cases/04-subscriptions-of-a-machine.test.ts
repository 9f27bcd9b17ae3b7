import { expect, it } from 'vitest';
import { cflux } from '../cli/lab-terminal.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, server } from '../influxdb/support/lab.js';
import type { Influxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';

const subscribe = (of: Influxd, name: string, address: string) =>
  of.query(`CREATE SUBSCRIPTION "${name}" ON telegraf.autogen DESTINATIONS ANY '${address}'`);

const subscriptions = async (of: Influxd) => {
  const { results } = await of.query('SHOW SUBSCRIPTIONS');
  return (results?.[0]?.series?.[0]?.values ?? []).map(([, name, , destinations]) => [name, destinations]);
};

describeWithServer('influxd', 'servers with a Kapacitor each', () => {
  it('R34: keep their own subscriptions, which no agent shares or sets back', async () => {
    const [manager, one, two] = [await labManager(), await server(), await server()];
    for (const [influxd, id] of [
      [one, 'aaaa'],
      [two, 'bbbb'],
    ] as const) {
      await influxd.query('CREATE DATABASE telegraf');
      await subscribe(influxd, `kapacitor-${id}`, 'http://kapacitor:9092');
    }
    const run = async (influxd: Influxd) => {
      const at = [
        '--influxdb',
        influxd.url,
        '--endpoint',
        manager.url,
        '--cluster',
        'prod',
        '--listen',
        ':0',
      ];
      const agent = cflux(['agent', ...at, '--data', await directory(), '--interval', '100ms', '--import']);
      atEnd(() => agent.end());
      await agent.line('in sync with');
      return agent;
    };
    const agents = [await run(one), await run(two)];
    const moved = 'http://127.0.0.1:1';
    await one.query('DROP SUBSCRIPTION "kapacitor-aaaa" ON telegraf.autogen');
    await subscribe(one, 'kapacitor-aaaa', moved);
    // A change that both agents make shows that both looked at the subscriptions as they are now.
    await one.query('CREATE DATABASE later');
    await agents[1]?.line('done      CREATE DATABASE "later"');
    await agents[0]?.line('imported  database "later"');
    expect(await subscriptions(one)).toEqual([['kapacitor-aaaa', [moved]]]);
    expect(await subscriptions(two)).toEqual([['kapacitor-bbbb', ['http://kapacitor:9092']]]);
    for (const { lines } of agents) expect(lines.join()).not.toContain('kapacitor-');
  });
});
