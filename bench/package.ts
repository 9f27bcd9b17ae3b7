import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './measure.js';
import type { Figure } from './report.js';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Beside the packages, so that what is built finds them. */
const built = join(root, 'node_modules/.cache/clusterflux-bench');
const rounds = 15;

/** What the client loads as soon as it is imported; the rest comes with the first request, password or metric. */
const loadedAtOnce = ['debug', 'eventemitter3', 'retry', 'smol-toml'];

/** What embedding this library costs: the time to import it, and its size on disk, each beside that of the packages it stands on. */
export async function run(): Promise<Figure[]> {
  rmSync(built, { recursive: true, force: true });
  execFileSync('npx', ['tsup', '--no-dts', '--out-dir', built], { cwd: root, stdio: 'ignore' });
  const entry = (name: string) => join(built, `${name}.js`);
  const times = importTimes({
    floor: loadedAtOnce,
    client: [entry('index')],
    manager: [entry('manager')],
    influxdb: [entry('influxdb')],
    requests: [entry('index'), 'ky', 'undici'],
    bareRequests: [...loadedAtOnce, 'ky', 'undici'],
    required: [join(built, 'index.cjs')],
  });
  const floorName = `import of ${loadedAtOnce.join(', ')} alone`;
  const figure = (name: string, value: number, target: number): Figure => {
    return { name, value, unit: 'ms', floorName, floor: times.floor, target };
  };
  const dependencies = installedDependencies();
  const own = sizeOf(built);
  return [
    figure('import of clusterflux', times.client, 2),
    figure('require of clusterflux', times.required, 2),
    figure('import of clusterflux/manager', times.manager, 1.5),
    figure('import of clusterflux/influxdb', times.influxdb, 1.5),
    {
      name: 'import of clusterflux and of what its first HTTP request loads',
      value: times.requests,
      unit: 'ms',
      floorName: 'the same packages alone',
      floor: times.bareRequests,
      target: 1.5,
    },
    {
      name: 'installed with the packages that npm brings along, type declarations aside',
      value: (own + dependencies) / 1024,
      unit: 'KiB',
      floorName: 'these packages alone',
      floor: dependencies / 1024,
      target: 1.5,
    },
  ];
}

/** Median milliseconds to import all of a list, each time in a new process, the lists in turn. */
function importTimes<Name extends string>(subjects: Record<Name, readonly string[]>): Record<Name, number> {
  const names = Object.keys(subjects) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -2; round < rounds; round++) {
    for (const name of names) {
      const loads = subjects[name].map((what) => `await import(${JSON.stringify(what)});`).join('');
      const program = `const begin = performance.now();${loads}console.log(performance.now() - begin);`;
      const args = ['--input-type=module', '--eval', program];
      const took = Number(execFileSync('node', args, { cwd: root, encoding: 'utf8' }));
      if (round >= 0) times[name].push(took);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])])) as Record<Name, number>;
}

/** Bytes of the packages that npm installs with this one. */
function installedDependencies(): number {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean; peer?: boolean }>;
  };
  const wanted = Object.entries(packages).filter(
    ([path, { dev, devOptional, optional, peer }]) =>
      path !== '' && !dev && !devOptional && !optional && !peer,
  );
  return wanted.reduce((sum, [path]) => sum + sizeOf(join(root, path)), 0);
}

/** Bytes of all files below a directory. */
function sizeOf(dir: string): number {
  if (!existsSync(dir)) return 0;
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(dir, name)))
    .filter((stat) => stat.isFile())
    .reduce((sum, { size }) => sum + size, 0);
}
