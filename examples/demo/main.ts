/**
 * The main job in a terminal: one manager, three nodes, one metadata. The first node opens a metadata file that a real
 * InfluxDB wrote and seeds the cluster; all three change it at once; the manager and a node are killed on the way.
 * At the end it counts, and exits with 1 if anything was lost or done twice. With `--ui` it then keeps the cluster running, and prints the
 * address of its dashboard.
 */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keepRunning, prepareUi } from './keep-running.js';
import { ManagerProcess } from './manager-process.js';
import { NodeProcess } from './node-process.js';
import { verdict } from './verdict.js';

const changesPerNode = 12;
const half = changesPerNode / 2;
const folder = await mkdtemp(join(tmpdir(), 'clusterflux-demo-'));
const manager = new ManagerProcess(join(folder, 'manager'));
const nodes = ['node 1', 'node 2', 'node 3'].map(
  (name) =>
    new NodeProcess(name, join(folder, name), (version) =>
      say(
        `  ${name}: another node was first with version ${version}: adopted it and applied the change again`,
      ),
    ),
);
const [first, second] = nodes;
if (!first || !second) throw new Error('three nodes');

const say = (text: string) => console.log(text);
const step = (text: string) => console.log(`\n\x1b[1m${text}\x1b[0m`);

/** Entries whose change was acknowledged, and those with an unknown outcome. */
const acknowledged: string[] = [];
const unheard: string[] = [];

/** Makes changes `from` to `to` on `node`, one after the other. */
async function change(node: NodeProcess, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    const entry = `${node.name.replace(' ', '')}-${i}`;
    try {
      await node.call('append', entry);
      acknowledged.push(entry);
    } catch (error) {
      unheard.push(entry);
      say(`  ${entry}: ${error instanceof Error ? error.message : error}`);
      if (!node.isAlive) return;
    }
  }
}

const showsUi = process.argv.includes('--ui');

try {
  if (showsUi) await prepareUi();
  step('A manager, and a node with the metadata of a real InfluxDB 1.x');
  await mkdir(join(folder, first.name));
  await copyFile(fileURLToPath(new URL('./meta.db', import.meta.url)), join(folder, first.name, 'meta.db'));
  const endpoint = await manager.start();
  say(`  manager at ${endpoint}`);
  first.start(endpoint);
  await first.call('open');
  const seed = await first.call('show');
  say(
    `  node 1 seeded the cluster: databases ${seed.databases.join(', ')}; ${seed.users} users; version ${seed.version}`,
  );

  step('Two more nodes join');
  for (const node of nodes.slice(1)) {
    await mkdir(join(folder, node.name));
    node.start(endpoint);
    await node.call('open');
    const { version, databases } = await node.call('show');
    say(`  ${node.name} has version ${version}: ${databases.join(', ')}`);
  }

  step(
    `All three change the same list at once, ${half} times each; the manager is killed (SIGKILL) in the middle`,
  );
  const changing = Promise.all(nodes.map((node) => change(node, 0, half)));
  await second.heardOfPush();
  await manager.kill('SIGKILL');
  say('  the manager is dead');
  await manager.start();
  say('  the manager is back, with what it had stored');
  await changing;
  say(
    `  ${acknowledged.length} changes acknowledged; ${nodes.map(({ conflicts }) => conflicts).join(' + ')} conflicts`,
  );

  step('Node 2 is killed (SIGKILL) in the middle of more changes, and comes back');
  const more = Promise.all(nodes.map((node) => change(node, half, changesPerNode)));
  await second.heardOfPush();
  await second.kill();
  await more;
  second.start(endpoint);
  await second.call('open');
  say(`  node 2 is back, at version ${(await second.call('show')).version}`);

  step('What every node has now');
  const newest = Math.max(
    ...(await Promise.all(nodes.map((node) => node.call('show')))).map(({ version }) => version),
  );
  await Promise.all(nodes.map((node) => node.call('waitForVersion', newest)));
  const shown = await Promise.all(nodes.map((node) => node.call('show')));
  const { lines, good } = verdict({ nodes, shown, acknowledged, unheard, seeded: seed.databases });
  for (const line of lines) say(`  ${line}`);
  process.exitCode = good ? 0 : 1;
  if (showsUi) {
    step(`The cluster keeps running: open ${endpoint}/ui/ in a browser; Ctrl+C ends it`);
    await keepRunning(nodes, (entry) => say(`  ${entry}`));
  }
} finally {
  for (const node of nodes) await node.kill();
  await manager.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
}
