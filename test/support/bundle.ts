import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

// Beside the packages, so that a bundle finds those it leaves out.
const outDir = fileURLToPath(new URL('../../node_modules/.cache/clusterflux-test', import.meta.url));

/** Makes one plain JavaScript file of a TypeScript program, so that a child process starts at once; answers its path. */
export async function bundle(entry: string, name = basename(entry, '.ts')): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      ssr: entry,
      outDir,
      emptyOutDir: false,
      target: 'node20',
      rollupOptions: { output: { entryFileNames: `${name}.mjs`, inlineDynamicImports: true } },
    },
  });
  return join(outDir, `${name}.mjs`);
}
