import { readFile, writeFile } from 'node:fs/promises';
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

/** The packages that are loaded by `import()`, if they are installed. */
const optional = ['lmdb', 'prom-client', '@grpc/grpc-js'];

/**
 * tsup makes a `require` of `import()` in CommonJS. A bundler refuses that for a package that is not installed, as it is outside of the
 * `try` around the `import()`.
 */
const keepOptionalImports: NonNullable<Options['plugins']>[number] = {
  name: 'keep-optional-imports',
  async buildEnd({ writtenFiles }) {
    const kept = new Set<string>();
    for (const { name } of writtenFiles) {
      if (!name.endsWith('.cjs')) continue;
      const code = await readFile(name, 'utf8');
      const replaced = code.replace(
        /Promise\.resolve\(\)\.then\(\(\) => _interopRequireWildcard\(require\("([^"]+)"\)\)\)/g,
        (found: string, imported: string) => {
          if (!optional.includes(imported)) return found;
          kept.add(imported);
          return `import("${imported}")`;
        },
      );
      if (replaced !== code) await writeFile(name, replaced);
    }
    const missed = optional.filter((name) => !kept.has(name));
    if (missed.length > 0)
      throw new Error(`no import() of ${missed.join(', ')} was found in the CommonJS build`);
  },
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
  {
    ...shared,
    entry: library,
    format: 'cjs',
    dts: true,
    noExternal: ['ky'],
    shims: true,
    plugins: [keepOptionalImports],
  },
]);
