import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkNames, readArguments, refuse } from '../../scripts/program-arguments.js';
import { account } from './account.js';
import { allFaults, findAbility } from './faults.js';
import { runChaos } from './run.js';

const help = `npm run chaos -- [options]
Real processes, real faults, and a checker of what clients saw.
  --seconds N        how long faults strike (default: 60)
  --seed N           of the schedule (default: drawn)
  --store lmdb|etcd  one manager on lmdb, or three on three etcd members (default: lmdb)
  --nodes N          (default: 4)
  --influxd          a live InfluxDB follows each node
  --only a,b         these kinds of faults alone: ${allFaults.map(({ name }) => name).join(', ')}
  --keep             keep the history though nothing is wrong
Ends with 1 where something is violated, and names the file of the history; with 2 where it could not be run as asked.`;

const say = (line: string) => process.stdout.write(`${line}\n`);

function readOptions() {
  const { values } = readArguments(help, {
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: `${Math.floor(Math.random() * 1e6)}` },
      store: { type: 'string', default: 'lmdb' },
      nodes: { type: 'string', default: '4' },
      influxd: { type: 'boolean', default: false },
      only: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const [seconds, seed, nodes] = [values.seconds, values.seed, values.nodes].map(Number);
  if (!seconds || seed === undefined || !Number.isSafeInteger(seed) || !nodes) refuse('not a number', help);
  const { store, influxd } = values;
  if (store !== 'lmdb' && store !== 'etcd') refuse(`no such store: ${store}`, help);
  const chosen = values.only?.split(',');
  checkNames(chosen ?? [], (name) => allFaults.some((fault) => fault.name === name), { what: 'fault', help });
  const faults = allFaults.filter(({ name }) => chosen?.includes(name) ?? true);
  return { seconds, seed, nodes, store, influxd, faults, chosen, keep: values.keep } as const;
}

const { chosen, keep, ...options } = readOptions();
const { obstacles, smallDisk, namespace } = await findAbility();
for (const obstacle of obstacles) say(`LEFT OUT    ${obstacle}`);
const isAskedFor = obstacles.some((obstacle) => chosen?.some((name) => obstacle.startsWith(`${name}:`)));
if (isAskedFor || (obstacles.length > 0 && process.env['CI'] === 'true'))
  refuse('a fault that was asked for cannot be had here', help);

say(
  `seed ${options.seed}, ${options.seconds} s, ${options.nodes} nodes, ${options.store}${options.influxd ? ', influxd' : ''}`,
);
const ended = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => ended.abort(new Error(`ended by ${signal}`)));
}
const outcome = await runChaos({ ...options, smallDisk, namespace, say, signal: ended.signal });
for (const line of account(outcome)) say(line);
if (!outcome.verdict.isGood || keep) {
  const file = join(await mkdtemp(join(tmpdir(), 'cflux-chaos-history-')), `seed-${options.seed}.jsonl`);
  await outcome.log.save(file);
  say(`history     ${file}`);
}
process.exit(outcome.verdict.isGood ? 0 : 1);
