/**
 * The main job in a terminal: one manager, three nodes, one metadata. The first node opens a metadata file that a real
 * InfluxDB wrote and seeds the cluster; all three change it at once; the manager and a node are killed on the way.
 * At the end it counts, and exits with 1 if anything was lost or done twice. With `--ui` it then keeps the cluster running, and prints the
 * address of its dashboard.
 */
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { keepRunning, prepareUi } from './keep-running.js';
import { ManagerProcess } from './manager-process.js';
import { NodeProcess } from './node-process.js';
import { picture } from './picture.js';
import { ProgressBar, say, shortVersion, step } from './screen.js';
import { verdict } from './verdict.js';

const changesPerNode = 12;
const half = changesPerNode / 2;
const folder = await mkdtemp(join(tmpdir(), 'clusterflux-demo-'));
const manager = new ManagerProcess(join(folder, 'manager'));
let bar: ProgressBar | undefined;
const nodes = ['node 1', 'node 2', 'node 3'].map(
  (name) => new NodeProcess(name, join(folder, name), () => bar?.conflict()),
);
const [first, second] = nodes;
if (!first || !second) throw new Error('three nodes');

/** Entries whose change was acknowledged, and those with an unknown outcome. */
const acknowledged: string[] = [];
const unheard: string[] = [];

/** Makes changes `from` to `to` on `node`, one after the other. */
async function change(node: NodeProcess, from: number, to: number): Promise<void> {
  for (let i = from; i < to && node.isAlive; ) {
    const entry = `${node.name.replace(' ', '')}-${i}`;
    const error = await node.call('append', entry).then(
      () => undefined,
      (reason: unknown) => Object(reason),
    );
    if (error === undefined) {
      acknowledged.push(entry);
      bar?.advance('acknowledged');
    } else if (error.code === 'UNREACHABLE') {
      // Nothing was changed: the same again.
      await sleep(200);
      continue;
    } else {
      unheard.push(entry);
      bar?.advance('unknown');
    }
    i += 1;
  }
}

/** Lets all nodes change the cluster at once, with a progress bar; does `meanwhile` when the second node has made its first change. */
async function changeAtOnce(
  from: number,
  to: number,
  meanwhile: (bar: ProgressBar) => Promise<void>,
): Promise<void> {
  const current = new ProgressBar(nodes.length * (to - from), 'changes');
  bar = current;
  const pushed = second?.heardOfPush();
  const changing = Promise.all(nodes.map((node) => change(node, from, to)));
  await pushed;
  await meanwhile(current);
  await changing;
  current.end();
  bar = undefined;
}

const showsUi = process.argv.includes('--ui');

try {
  if (showsUi) await prepareUi();
  step('A manager, and a node with the metadata of a real InfluxDB 1.x');
  await mkdir(join(folder, first.name));
  await copyFile(fileURLToPath(new URL('./meta.db', import.meta.url)), join(folder, first.name, 'meta.db'));
  const endpoint = await manager.start();
  say(`manager at ${endpoint}`);
  first.start(endpoint);
  await first.call('open');
  const seed = await first.call('show');
  say(
    `node 1 seeded the cluster: databases ${seed.databases.join(', ')}; ${seed.users} users; version ${shortVersion(seed.version)}`,
  );

  step('Two more nodes join');
  for (const node of nodes.slice(1)) {
    await mkdir(join(folder, node.name));
    node.start(endpoint);
    await node.call('open');
    const { version, databases } = await node.call('show');
    say(`${node.name} has version ${shortVersion(version)}: ${databases.join(', ')}`);
  }

  step(`All three change the same list at once, ${half} times each; the manager is killed meanwhile`);
  await changeAtOnce(0, half, async ({ say }) => {
    await manager.kill('SIGKILL');
    say('the manager was killed (SIGKILL)');
    await manager.start();
    say('the manager is back, with what it had stored');
  });

  step('The same again; node 2 is killed meanwhile, and comes back');
  await changeAtOnce(half, changesPerNode, async ({ say }) => {
    await second.kill();
    say('node 2 was killed (SIGKILL)');
  });
  second.start(endpoint);
  await second.call('open');
  say(`node 2 is back, at version ${shortVersion((await second.call('show')).version)}`);

  step('What every node has now');
  const newest = Math.max(
    ...(await Promise.all(nodes.map((node) => node.call('show')))).map(({ version }) => version),
  );
  await Promise.all(nodes.map((node) => node.call('waitForVersion', newest)));
  const shown = await Promise.all(nodes.map((node) => node.call('show')));
  const { lines, good } = verdict({ shown, acknowledged, unheard, seeded: seed.databases });
  const drawn = nodes.flatMap((node, at) => {
    const its = shown[at];
    const { name, kills, conflicts } = node;
    return its === undefined ? [] : [{ name, kills, conflicts, shown: its }];
  });
  for (const line of [...picture({ managerKills: manager.kills, nodes: drawn }), '', ...lines]) say(line);
  process.exitCode = good ? 0 : 1;
  if (showsUi) {
    step(`The cluster keeps running: open ${endpoint}/ui/ in a browser; Ctrl+C ends it`);
    await keepRunning(nodes, (entry) => say(entry));
  }
} finally {
  for (const node of nodes) await node.kill();
  await manager.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
}
