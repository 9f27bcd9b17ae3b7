import { type Figure, printFigures } from './report.js';

/** Each suite measures one part of the library, every figure beside a floor measured in the same run. */
const suites: Record<string, () => Promise<{ run: () => Promise<Figure[]> }>> = {
  etcd: () => import('./etcd.js'),
  influxdb: () => import('./influxdb.js'),
  influxql: () => import('./influxql.js'),
  meta: () => import('./meta.js'),
  client: () => import('./client.js'),
  manager: () => import('./manager.js'),
  package: () => import('./package.js'),
};

const args = process.argv.slice(2);
const json = args.includes('--json');
const names = args.filter((arg) => !arg.startsWith('--'));
const unknown = names.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(`unknown suite: ${unknown.join(', ')}; there are: ${Object.keys(suites).join(', ')}`);
  process.exit(2);
}

const figures: Figure[] = [];
for (const [name, load] of Object.entries(suites)) {
  if (names.length > 0 && !names.includes(name)) continue;
  if (!json) console.log(`\n${name}`);
  const measured = await (await load()).run();
  if (!json) printFigures(measured);
  figures.push(...measured);
}
if (json) console.log(JSON.stringify(figures, null, 2));
