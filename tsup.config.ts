import { defineConfig, type Options } from 'tsup';

/** What `exports` in package.json promises; publint fails the build where the two disagree. */
const library = {
  index: 'src/index.ts',
  manager: 'src/manager/index.ts',
  influxql: 'src/influxql/index.ts',
  influxdb: 'src/influxdb/index.ts',
  gateway: 'src/gateway/index.ts',
  testing: 'src/testing/index.ts',
};

const shared: Options = {
  target: 'node20',
  // Without splitting, a class reached through two subpaths exists twice (and `instanceof` lies).
  splitting: true,
  // A class that refers to itself is renamed (`_CfluxClient`) otherwise.
  keepNames: true,
  // One build, one clean: the configurations below run side by side.
  clean: false,
};

export default defineConfig([
  { ...shared, entry: { ...library, 'cli/main': 'src/cli/main.ts' }, format: 'esm', dts: { entry: library } },
  // ky is published as ESM only: `require('clusterflux')` needs it inside.
  // The manager finds the files of the dashboard by its own URL, which CommonJS does not have.
  { ...shared, entry: library, format: 'cjs', dts: true, noExternal: ['ky'], shims: true },
]);
