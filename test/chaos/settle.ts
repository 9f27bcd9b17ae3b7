import { setTimeout as sleep } from 'node:timers/promises';
import { waitForNodes } from '../../src/client/follow/wait-for-nodes.js';
import { systemClock } from '../../src/clock.js';
import { CfluxError, HttpTransport } from '../../src/index.js';
import { readInfluxMetadata } from '../../src/influxdb/index.js';
import type { Contents } from './history.js';
import type { OperationLog } from './operation-log.js';
import type { Answer } from './programs/messages.js';
import { contentsOf } from './programs/operations.js';
import type { World } from './world/world.js';

/** Milliseconds within which all must be well again after the last fault. */
const patience = 90_000;

/** After every fault: waits until each node has the newest version by itself, and reads what it then has. By node. */
export async function settle(world: World, log: OperationLog): Promise<ReadonlyMap<string, Contents>> {
  const final = new Map<string, Contents>();
  const complain = (client: string, what: string) => log.complain({ client, time: 0, what });
  const [first] = world.nodes;
  const newest = first && (await atLast(() => first.ask({ call: { do: 'read' } })));
  if (newest?.at === undefined)
    complain('n0', `does not come back: ${newest?.error ?? 'its process is gone'}`);
  const version = newest?.at?.version ?? 0;
  await Promise.all(
    world.nodes.map(async (node) => {
      // By its own loop, before a refresh is requested.
      const arrived = await atLast(() => node.ask({ waitForVersion: version }));
      if (arrived?.outcome !== 'ok')
        complain(node.name, `does not follow to version ${version}: ${arrived?.error}`);
      const read = await atLast(() => node.ask({ call: { do: 'read' } }));
      if (typeof read?.result === 'object') final.set(node.name, read.result);
      else complain(node.name, `can not be read: ${read?.error}`);
    }),
  );
  if (final.size === world.nodes.length) await settleManagers(world, version, complain);
  const [contents] = final.values();
  if (contents !== undefined) await settleServers(world, contents, complain);
  log.end();
  return new Map([...final].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** R28: each manager reports that all nodes have the newest version, and shows each node that is alive at it. */
async function settleManagers(
  { managers, nodes }: World,
  version: number,
  complain: (client: string, what: string) => void,
): Promise<void> {
  await Promise.all(
    managers.map(async ({ name, url }) => {
      const transport = new HttpTransport({ endpoint: url });
      try {
        const request = { cluster: 'chaos', version, timeout: patience };
        const result = await waitForNodes({ transport, clock: systemClock, random: Math.random }, request);
        if (result.counted < nodes.length)
          complain(name, `counts ${result.counted} nodes, but ${nodes.length} are alive`);
        for (const node of await transport.nodes({ cluster: 'chaos' })) {
          const { alive, id, heldVersion = 0, kind } = node;
          if (alive && heldVersion < version)
            complain(name, `shows node ${id} (${kind}) at ${heldVersion}, not ${version}`);
        }
      } catch (error) {
        complain(
          name,
          `does not report that all nodes have version ${version}: ${CfluxError.from(error).message}`,
        );
      } finally {
        await transport.close();
      }
    }),
  );
}

async function atLast(ask: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
  const deadline = performance.now() + patience;
  for (;;) {
    const answer = await ask();
    if (answer?.outcome === 'ok' || performance.now() > deadline) return answer;
    await sleep(200);
  }
}

/** Each InfluxDB has what the cluster has. The order in a list is its own, because InfluxQL cannot set it. */
async function settleServers(
  { nodes, servers }: World,
  expected: Contents,
  complain: (client: string, what: string) => void,
): Promise<void> {
  const deadline = performance.now() + patience;
  for (const [number, { url }] of servers.entries()) {
    let found: Contents = {};
    let different: readonly string[] = [];
    do {
      await sleep(200);
      found = contentsOf(await readInfluxMetadata(url));
      different = differing(expected, found);
    } while (different.length > 0 && performance.now() < deadline);
    const failure = different.length > 0 && (await nodes[number]?.ask({ lastFailure: true }));
    if (failure && failure.error !== undefined)
      complain(`influxd of n${number}`, `does not converge: ${failure.error}`);
    for (const key of different) {
      complain(`influxd of n${number}`, `has “${found[key]}” for ${key}, the cluster “${expected[key]}”`);
    }
  }
}

function differing(expected: Contents, found: Contents): readonly string[] {
  const words = (text = '') => text.split(' ').sort().join(' ');
  const keys = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...keys].filter((key) => words(expected[key]) !== words(found[key]));
}
