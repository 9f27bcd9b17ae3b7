import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { expect, it } from 'vitest';
import { AgentLog } from '../../src/cli/agent/agent-log.js';
import { SharedServer } from '../../src/cli/agent/shared-server.js';
import type { NodeInfo } from '../../src/protocol/nodes.js';
import { ManualClock } from '../../src/testing/manual-clock.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, mirror, server } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';
import { cflux } from './lab-terminal.js';

describeWithServer('influxd', 'two agents of one server', () => {
  it('the later one reports the other, by whatever address each knows the server', async () => {
    const manager = await labManager();
    const influxd = await server();
    const { port } = new URL(influxd.url);
    const agent = async (host: string) => {
      const flags = ['--influxdb', `http://${host}:${port}`, '--data', await directory(), '--listen', ':0'];
      const running = cflux(['agent', ...flags, '--endpoint', manager.url, '--cluster', 'prod'], {
        CFLUX_HEARTBEAT_INTERVAL: '200ms',
      });
      atEnd(() => running.end());
      await running.line('in sync with version');
      return running;
    };
    const first = await agent('127.0.0.1');
    const observer = new CfluxClient(new LocalMetaClient(), { endpoint: manager.url, cluster: 'prod' });
    atEnd(() => observer.close());
    await observer.open();
    const reported = async () =>
      (await observer.nodes()).flatMap(({ kind, report }) =>
        kind === 'agent' ? report?.influxdb.process : [],
      );
    await expect.poll(reported).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/)]);
    const second = await agent('localhost');
    const line = await second.line('another agent changes the same InfluxDB server');
    expect(line).toMatch(/: node \d+ on ".+"; stop one of them/);
    expect(first.lines.join('\n')).not.toContain('another agent');
  });

  it('the name of a process is the same for every client of the server, and another after a restart', async () => {
    const [one, other] = [await server(), await server()];
    const name = (url: string) => mirror({ url }).serverProcess();
    const first = await name(one.url);
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await name(one.url.replace('127.0.0.1', 'localhost'))).toBe(first);
    expect(await name(other.url)).not.toBe(first);
    await one.stop();
    await one.start();
    expect(await name(one.url)).not.toBe(first);
  });
});

/** Lets an agent, node 1, look once at these nodes, ten seconds after its start; resolves with what it logged. */
async function linesFor(nodes: readonly Partial<NodeInfo>[]): Promise<string[]> {
  const clock = new ManualClock();
  const lines: string[] = [];
  const shared = new SharedServer({
    client: { status: { nodeId: 1 }, nodes: async () => nodes as NodeInfo[] },
    process: async () => 'its process',
    lookAfter: 10_000,
    clock,
    log: new AgentLog((line) => lines.push(line), { json: false, clock }),
    onKnown: () => {},
  });
  shared.serverFound();
  await clock.advance(10_000);
  await shared.close();
  expect(clock.timers).toBe(0);
  return lines;
}

const node = (id: number, process: string | undefined, more: Partial<NodeInfo> = {}): Partial<NodeInfo> => ({
  id,
  hostname: `host-${id}`,
  alive: true,
  lastSeen: 1_000,
  report: {
    version: 1,
    at: 0,
    influxdb: { reachable: true, process },
    drops: false,
    inSync: 0,
    pending: 0,
    refused: 0,
    unmanaged: 0,
    unverified: 0,
    findings: [],
  },
  ...more,
});

it('an agent names every other one that is alive and has the same server', async () => {
  const lines = await linesFor([
    node(1, 'its process'),
    node(2, 'its process'),
    node(3, 'another process'),
    node(4, 'its process', { alive: false }),
    node(5, undefined),
    node(6, 'its process'),
  ]);
  expect(lines).toEqual([
    expect.stringContaining('node 2 on "host-2", node 6 on "host-6"; stop one of them'),
  ]);
});

it('an agent does not report its own last process, which sent nothing since the start of this one', async () => {
  expect(await linesFor([node(1, 'its process'), node(2, 'its process', { lastSeen: 12_000 })])).toEqual([]);
});
