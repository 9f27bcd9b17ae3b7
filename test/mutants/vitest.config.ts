import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import project from '../../vitest.config.js';
import { allMutants } from './all-mutants.js';
import { mutate } from './mutant.js';

const name = process.env['MUTANT'];
const mutant = name === undefined ? undefined : allMutants.get(name);
if (name !== undefined && mutant === undefined) throw new Error(`there is no mutant ${name}`);

/** The project’s tests, on sources of which one is changed as it is loaded; on disk they stay as they are. */
export default mergeConfig(
  project,
  defineConfig({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    plugins: [
      {
        name: 'mutant',
        enforce: 'pre',
        transform: (source, id) =>
          mutant !== undefined && id.endsWith(`/src/${mutant.file}`) ? mutate(source, mutant) : undefined,
      },
    ],
    test: { typecheck: { enabled: false }, testTimeout: 30_000, hookTimeout: 30_000, bail: 1 },
  }),
);
