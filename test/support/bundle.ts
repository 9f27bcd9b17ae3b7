import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { stateOfFiles } from './state-of-files.js';

// Beside the packages, so that a bundle finds those it leaves out.
const outDir = fileURLToPath(new URL('../../node_modules/.cache/clusterflux-test', import.meta.url));
const day = 86_400_000;

const bundles = new Map<string, Promise<string>>();

/**
 * Makes one plain JavaScript file of a TypeScript program, so that a child process starts at once; resolves with its path. It is made once
 * for each state of the sources, and serves all test files and runs.
 */
export function bundle(entry: string): Promise<string> {
  let file = bundles.get(entry);
  if (file === undefined) {
    file = bundleOf(entry);
    bundles.set(entry, file);
  }
  return file;
}

async function bundleOf(entry: string): Promise<string> {
  // A process must not start a mutant, unless it runs with that one.
  const mutant = process.env['MUTANT'] ?? '';
  const state = await stateOfFiles(['src', 'test', 'bench', 'package-lock.json']);
  const key = createHash('sha256').update(`${entry} ${mutant} ${state}`).digest('hex').slice(0, 16);
  const name = `${basename(entry, '.ts')}-${key}`;
  const finished = join(outDir, `${name}.mjs`);
  if (await isThere(finished)) return finished;
  await removeOld();
  // Another test file may make the same concurrently, and start it: a partial file must not be visible.
  const unfinished = `${name}-${process.pid}.tmp.mjs`;
  await build({
    entryPoints: [entry],
    outfile: join(outDir, unfinished),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    logLevel: 'error',
    plugins: mutant === '' ? [] : [await mutantOf()],
  });
  await rename(join(outDir, unfinished), finished);
  return finished;
}

/** The plugin that changes the source of the mutant; all mutants take long to load, and hardly any bundle needs them. */
async function mutantOf(): Promise<Plugin> {
  const { sourceWithMutant } = await import('../mutants/mutant-plugin.js');
  return {
    name: 'mutant',
    setup({ onLoad }) {
      onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => ({
        contents: sourceWithMutant(path, await readFile(path, 'utf8')),
        loader: 'ts',
      }));
    },
  };
}

/** Removes bundles of earlier states; those of a run that goes on are younger. */
async function removeOld(): Promise<void> {
  await mkdir(outDir, { recursive: true });
  for (const name of await readdir(outDir)) {
    const path = join(outDir, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > day)
      await rm(path, { recursive: true, force: true });
  }
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
