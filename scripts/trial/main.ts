import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from '../pack.js';
import { checkNames, readArguments } from '../program-arguments.js';
import { Folder } from './folder.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const help = `npm run build && npm run trial       on the Node at hand
npm run build && npm run trial -- 20 22 24
                                     then on these versions of Node
  --bun                              also under Bun, which is a large download
Tries the package as its users get it: packed, installed by npm in an empty folder, imported and required, type-checked, its command
called, without and with its optional packages. It needs the registry.`;
const {
  values: { bun: hasBun },
  positionals: versions,
} = readArguments(help, { options: { bun: { type: 'boolean' } }, allowPositionals: true });
checkNames(versions, (version) => /^\d+(?:\.\d+){0,2}$/.test(version), { what: 'version of Node', help });

/** How a version of Node runs a program; `undefined` is the one at hand. */
const nodeOf = (version: string | undefined): readonly [string, ...string[]] =>
  version === undefined ? ['node'] : ['npx', '-y', '-p', `node@${version}`, 'node'];

function step(text: string, task: () => string | undefined): void {
  const begin = performance.now();
  const said = task();
  console.log(`${text}: ${said?.trim() || 'ok'} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
}

/** npm corrects faults in a package.json and logs that; then the published file differs from this one. */
function publishDryRun(): undefined {
  const args = ['publish', '--dry-run'];
  const { stderr } = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
  const complaints = stderr.split('\n').filter((line) => /^npm warn publish/.test(line));
  const real = complaints.filter((line) => !line.includes('logged in'));
  if (real.length > 0) throw new Error(real.join('\n'));
}

/** The output of npm does not matter, only whether it fails. */
function installInto(into: Folder, ...packages: readonly string[]): undefined {
  into.run('npm', 'install', '--no-audit', '--no-fund', ...packages);
}

function compileIn(into: Folder, ...settings: Parameters<Folder['compile']>): undefined {
  into.compile(...settings);
}

/** How each format is bundled. The banner is the line that docs/how-to/bun-and-bundlers.md names. */
const bundles = [
  ['cjs'],
  [
    'esm',
    `--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
  ],
] as const;

/** The program that npm installed for this machine; the command `bun` is created by a script of the package. */
function bunOf({ dir }: Folder): string {
  const packages = join(dir, 'node_modules', '@oven');
  const [name] = readdirSync(packages);
  if (name === undefined) throw new Error('there is no Bun for this machine');
  return join(packages, name, 'bin', 'bun');
}

const folder = new Folder();
const tarball = pack();
try {
  const [node, ...others] = [undefined, ...versions].map(nodeOf);
  if (node === undefined) throw new Error('no node');
  step('npm publish --dry-run', publishDryRun);
  step('install', () => installInto(folder, tarball));
  step('size of node_modules', () => folder.run('du', '-sh', 'node_modules').split('\t')[0]);
  for (const [command, ...args] of [node, ...others]) {
    const version = folder.run(command, ...args, '--version').trim();
    for (const program of ['without-peers.mjs', 'required.cjs']) {
      step(`${version} ${program}`, () => folder.run(command, ...args, program));
    }
    const cflux = join('node_modules', 'clusterflux', 'dist', 'cli', 'main.js');
    step(`${version} cflux --version`, () => folder.run(command, ...args, cflux, '--version'));
  }
  step('npx cflux --help', () => folder.run('npx', 'cflux', '--help').split('\n')[0]);
  step(
    'npx clusterflux help manager',
    () => folder.run('npx', 'clusterflux', 'help', 'manager').split('\n')[0],
  );

  // Without their scripts: they only check what npm itself installs, or download it again.
  step('install esbuild', () => installInto(folder, '--ignore-scripts', 'esbuild'));
  for (const [format, ...flags] of bundles) {
    const out = `bundled-${format}.${format === 'esm' ? 'mjs' : 'cjs'}`;
    const common = [
      'bundled.mjs',
      '--bundle',
      '--minify',
      '--platform=node',
      '--external:bcrypt',
      '--log-level=error',
    ];
    step(`esbuild to ${format}`, () =>
      folder.run('npx', 'esbuild', ...common, `--format=${format}`, `--outfile=${out}`, ...flags),
    );
    step(`node ${out}`, () => folder.run('node', out));
  }
  if (hasBun) {
    step('install bun', () => installInto(folder, '--ignore-scripts', 'bun'));
    step('bun on-bun.mjs', () => folder.run(bunOf(folder), 'on-bun.mjs'));
  }

  step('install @types/node', () => installInto(folder, '@types/node@20'));
  step('types, node16, ESM', () => compileIn(folder, 'consumer.mts', 'node16', 'node16'));
  step('types, node16, CommonJS', () => compileIn(folder, 'consumer.cts', 'node16', 'node16'));
  step('types, bundler', () => compileIn(folder, 'consumer.ts', 'esnext', 'bundler'));

  const peers = ['lmdb', 'prom-client', '@grpc/grpc-js'];
  step(`install ${peers.join(' ')}`, () => installInto(folder, ...peers));
  for (const [command, ...args] of [node, ...others]) {
    const version = folder.run(command, ...args, '--version').trim();
    step(`${version} with-peers.mjs`, () => folder.run(command, ...args, 'with-peers.mjs'));
  }
} finally {
  folder.remove();
  rmSync(tarball, { force: true });
}
