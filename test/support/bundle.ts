import { rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { mutantName, mutantPlugin } from '../mutants/mutant-plugin.js';

// Beside the packages, so that a bundle finds those it leaves out.
const outDir = fileURLToPath(new URL('../../node_modules/.cache/clusterflux-test', import.meta.url));

/** Makes one plain JavaScript file of a TypeScript program, so that a child process starts at once; resolves with its path. */
export async function bundle(entry: string, name = basename(entry, '.ts')): Promise<string> {
  // Another test file may make the same concurrently, and start it: a partial file must not be visible.
  const unfinished = `${name}-${process.pid}.tmp.mjs`;
  // A process must not start a mutant, unless it runs with that one.
  const finished = mutantName === undefined ? `${name}.mjs` : `${name}-${mutantName}.mjs`;
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
  const file = join(outDir, finished);
  await rename(join(outDir, unfinished), file);
  return file;
}
