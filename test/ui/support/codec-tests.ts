import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { influxdbFiles } from '../../meta/support/influxdb-files.js';

const path = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** As much of vitest as the tests of the codec use: tests are collected, and run by `run`. */
const runner = `
import * as chai from 'chai';
import { GLOBAL_EXPECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } from '@vitest/expect';
for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);
export const expect = chai.expect;
globalThis[GLOBAL_EXPECT] = expect;
setState({ assertionCalls: 0 }, expect);
const tests = [];
const each = (add) => (rows) => (name, test) =>
  rows.forEach((row) => add(name + ' ' + String(row).slice(0, 60), () => test(...(Array.isArray(row) ? row : [row]))));
export const it = (name, test) => void tests.push([name, test]);
it.each = each(it);
export const describe = (_, suite) => suite();
export async function run() {
  const failures = [];
  for (const [name, test] of tests)
    try { await test(); } catch (error) { failures.push(name + ': ' + error.message); }
  return { count: tests.length, failures };
}`;

/** What the tests use of Node beside the codec. */
const node = `
globalThis.Buffer = class Buffer extends Uint8Array {
  static from(from) { return new Buffer(typeof from === 'string' ? new TextEncoder().encode(from) : from); }
  equals(other) { return this.length === other.length && this.every((byte, at) => byte === other[at]); }
};`;

/** The tests of the codec as one program for browsers, with the codec that the dashboard has; it exports `run`. */
export function codecTests(): Plugin {
  const files = Object.fromEntries(
    influxdbFiles().map(({ name, bytes }) => [name, bytes.toString('base64')]),
  );
  const modules: Readonly<Record<string, string>> = {
    'codec-tests': `import 'node-of-tests';
      import '${path('../../meta/codec-strictness.test.ts')}';
      import '${path('../../meta/codec-oracle.test.ts')}';
      export { run } from 'vitest';`,
    'node-of-tests': node,
    vitest: runner,
    clusterflux: `export { decodeMetadata } from '${path('../../../src/meta/codec/decode-metadata.ts')}';
      export { encodeMetadata } from '${path('../../../src/meta/codec/encode-metadata.ts')}';
      export { isCfluxError } from '${path('../../../src/errors.ts')}';`,
    'influxdb-files': `const files = ${JSON.stringify(files)};
      export const influxdbFile = (name) => ({ bytes: Uint8Array.from(atob(files[name]), (each) => each.charCodeAt(0)) });`,
  };
  return {
    name: 'codec-tests',
    enforce: 'pre',
    resolveId(source) {
      const name = source.endsWith('/influxdb-files.js') ? 'influxdb-files' : source;
      return Object.hasOwn(modules, name) ? `\0${name}` : undefined;
    },
    load: (id) => (id.startsWith('\0') ? modules[id.slice(1)] : undefined),
  };
}
