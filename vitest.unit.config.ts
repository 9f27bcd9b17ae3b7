import { defineConfig, mergeConfig } from 'vitest/config';
import all, { unitTests } from './vitest.config.js';

/** `npm run test:unit`: what starts no server and is quick. */
export default mergeConfig(
  { ...all, test: { ...all.test, projects: undefined } },
  defineConfig({ test: { ...unitTests, isolate: false, env: { CFLUX_TESTS: 'unit' } } }),
);
