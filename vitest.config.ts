import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (file: string) => fileURLToPath(new URL(`./src/${file}`, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^clusterflux$/, replacement: source('index.ts') },
      {
        find: /^clusterflux\/(manager|influxql|influxdb|gateway|testing)$/,
        replacement: source('$1/index.ts'),
      },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'] },
    reporters: ['default', './test/support/missing-servers-reporter.ts'],
    // Most tests wait for processes: on two cores two files at a time, where the default is one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Against a hang only: no test is a race with a clock.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
