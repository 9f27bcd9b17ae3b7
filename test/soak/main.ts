import { readArguments, refuse } from '../../scripts/program-arguments.js';
import { processes, soak } from './soak.js';
import { grows, trendOf } from './trend.js';

const say = (line: string) => process.stdout.write(`${line}\n`);
const help = `npm run soak -- [options]
  --minutes N  at least 2 (default: 30)
  --nodes N    (default: 200)
  --seed N     (default: 1)
A changing fleet; ends with 1 if a resource grows or nodes disagree.`;

const { values } = readArguments(help, {
  options: {
    minutes: { type: 'string', default: '30' },
    nodes: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
});
const [minutes = 0, nodes = 0, seed = 0] = [values.minutes, values.nodes, values.seed].map(Number);
if (!(minutes >= 2)) refuse('--minutes must be a number of at least 2', help);
if (!Number.isSafeInteger(nodes) || nodes < 1) refuse('--nodes must be a positive integer', help);
if (!Number.isSafeInteger(seed)) refuse('--seed must be an integer', help);
/** What is never called growth, for it is noise: of timers and sockets less than one for each node of a process. */
const least: Record<string, number> = {
  heap: 4e6,
  resident: 20e6,
  resources: nodes / processes,
  listed: 0.5,
};

say(`${nodes} nodes, ${minutes} minutes, seed ${seed}, a manager on lmdb that is ended every minute`);
const { series, counts, outages, failedHeartbeats, complaints, versions } = await soak({
  minutes,
  nodes,
  seed,
  say,
});
const warmUp = Math.max(1, minutes * 0.25);
const growing: string[] = [];
for (const [name, points] of [...series].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const trend = trendOf(points, warmUp);
  const kind = name.split(' ').at(-1) ?? '';
  const isBytes = kind === 'heap' || kind === 'resident';
  const figure = (value: number) => (isBytes ? `${(value / 1e6).toFixed(2)} MB` : value.toFixed(1));
  if (grows(trend, least[kind] ?? 0)) growing.push(name);
  say(
    `${name.padEnd(18)} mean ${figure(trend.mean)}, ${figure(trend.slope)} a minute, ${trend.samples} samples`,
  );
}
const notified = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
say(`counts             ${notified.join(', ')}; last version ${versions}`);
say(
  `outages            ${outages.count} of the manager, the longest ${(outages.longest / 1000).toFixed(1)} s; ${failedHeartbeats} heartbeats failed`,
);
for (const complaint of complaints.slice(0, 50)) say(`WRONG              ${complaint}`);
for (const name of growing) say(`WRONG              ${name} grows`);
const isGood = complaints.length === 0 && growing.length === 0;
say(
  `verdict            ${isGood ? 'memory is flat, no heartbeat was lost without a cause, all nodes agree' : 'WRONG'}`,
);
process.exit(isGood ? 0 : 1);
