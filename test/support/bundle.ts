import { createHash } from 'node:crypto';
import { access, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
  // They take long to load, and few files have to make a bundle.
  const [{ build }, { mutantPlugin }] = await Promise.all([
    import('vite'),
    import('../mutants/mutant-plugin.js'),
  ]);
  await build({
    configFile: false,
    logLevel: 'error',
    plugins: [mutantPlugin()],
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: false,
      target: 'node20',
      rollupOptions: { output: { entryFileNames: unfinished, inlineDynamicImports: true } },
    },
  });
  await rename(join(outDir, unfinished), finished);
  return finished;
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
