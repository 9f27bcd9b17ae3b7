import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** The manager sends the files as they are stored: compressed once, here. */
function compressed(): Plugin {
  let directory = '';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved({ build }) {
      directory = build.outDir;
    },
    closeBundle() {
      for (const name of readdirSync(directory)) {
        const file = join(directory, name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: constants.Z_BEST_COMPRESSION }));
        rmSync(file);
      }
    },
  };
}

export default defineConfig({
  root: here('.'),
  // Relative: the manager may be below any prefix of a proxy.
  base: './',
  publicDir: false,
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
  resolve: { alias: [{ find: /^\.\/bytes\.js$/, replacement: here('../meta/codec/bytes-browser.ts') }] },
  worker: { format: 'es' },
  build: {
    outDir: here('../../dist/ui'),
    emptyOutDir: true,
    assetsDir: '',
    // An inlined icon would be of another origin.
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
  },
  plugins: [compressed()],
});
