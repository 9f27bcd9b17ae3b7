import { checkNames, readArguments } from '../scripts/program-arguments.js';
import { type Figure, printFigures } from './report.js';

/** Each suite measures one part of the library, every figure beside a floor measured in the same run. */
const suites: Record<string, () => Promise<{ run: () => Promise<Figure[]> }>> = {
  capacity: () => import('./capacity.js'),
  'delta/pure': () => import('./delta/pure-figures.js'),
  'delta/wire': () => import('./delta/wire-figures.js'),
  'delta/crowd': () => import('./delta/crowd-figures.js'),
  'delta/fleet': () => import('./delta/fleet-figures.js'),
  etcd: () => import('./etcd.js'),
  'gateway/passing': () => import('./gateway/passing-figures.js'),
  'gateway/statements': () => import('./gateway/statement-figures.js'),
  'gateway/logins': () => import('./gateway/login-figures.js'),
  'gateway/wrong-logins': () => import('./gateway/wrong-login-figures.js'),
  influxdb: () => import('./influxdb.js'),
  influxql: () => import('./influxql.js'),
  meta: () => import('./meta.js'),
  client: () => import('./client.js'),
  legacy: () => import('./legacy.js'),
  manager: () => import('./manager.js'),
  package: () => import('./package.js'),
  recover: () => import('./recover.js'),
  ui: () => import('./ui.js'),
};

const help = `npm run bench -- [suites] [--json]
  suites   ${Object.keys(suites).join(', ')} (default: all, which takes half an hour);
           a name before a slash selects all suites of that name
  --json   the figures as JSON, at the end
Each figure stands beside a floor measured in the same run; a ratio that misses its target is marked MISS.`;

const {
  values: { json },
  positionals: names,
} = readArguments(help, { options: { json: { type: 'boolean' } }, allowPositionals: true });
const selects = (name: string, suite: string) => suite === name || suite.startsWith(`${name}/`);
checkNames(names, (name) => Object.keys(suites).some((suite) => selects(name, suite)), {
  what: 'suite',
  help,
});

const figures: Figure[] = [];
for (const [suite, load] of Object.entries(suites)) {
  if (names.length > 0 && !names.some((name) => selects(name, suite))) continue;
  if (!json) console.log(`\n${suite}`);
  const measured = await (await load()).run();
  if (!json) printFigures(measured);
  figures.push(...measured);
}
if (json) console.log(JSON.stringify(figures, null, 2));
