import { fileURLToPath } from 'node:url';
import { defineConfig, mergeConfig } from 'vitest/config';
import project from '../../vitest.config.js';
import { mutantPlugin } from './mutant-plugin.js';

/** The project’s tests, on sources of which one may be changed. */
export default mergeConfig(
  project,
  defineConfig({
    root: fileURLToPath(new URL('../..', import.meta.url)),
    plugins: [mutantPlugin()],
    test: {
      testTimeout: 60_000,
      hookTimeout: 120_000,
      expect: { poll: { timeout: 20_000 } },
      bail: 1,
    },
  }),
);
