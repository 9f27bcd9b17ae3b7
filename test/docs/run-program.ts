import { createRequire } from 'node:module';
import * as clusterflux from 'clusterflux';
import * as gateway from 'clusterflux/gateway';
import * as influxdb from 'clusterflux/influxdb';
import * as influxql from 'clusterflux/influxql';
import * as manager from 'clusterflux/manager';
import * as testing from 'clusterflux/testing';
import ts from 'typescript';
import type { Program } from './complete-snippet.js';

const modules: Record<string, unknown> = {
  clusterflux,
  'clusterflux/manager': manager,
  'clusterflux/influxql': influxql,
  'clusterflux/influxdb': influxdb,
  'clusterflux/gateway': gateway,
  'clusterflux/testing': testing,
};
const requireOther = createRequire(import.meta.url);

type AsyncFunction = (...args: unknown[]) => Promise<Record<string, unknown>>;
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (
  ...code: string[]
) => AsyncFunction;

/** What a program logged, one text for each call. */
export interface Ran {
  readonly logged: readonly string[];
}

/** Runs a program to its end, then closes what it made, the last first. `substitute` puts real places where it names others. */
export async function runProgram(
  { program, made }: Program,
  substitute: (code: string) => string,
): Promise<Ran> {
  const { outputText } = ts.transpileModule(substitute(program), {
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      esModuleInterop: true,
    },
  });
  const logged: string[] = [];
  const log = (...values: unknown[]) => void logged.push(values.map(String).join(' '));
  const checks: Promise<unknown>[] = [];
  // A snippet may define tests: they run at once.
  const runner = {
    describe: (_: string, define: () => void) => define(),
    it: (_: string, run: () => unknown) => void checks.push(Promise.resolve().then(run)),
  };
  const environment = {
    exports: {},
    require: (name: string) => modules[name] ?? (name === 'vitest' ? runner : requireOther(name)),
    console: { ...console, log, error: log },
    process: Object.create(process, {
      argv: { value: ['node', 'program'] },
      env: { value: {} },
      once: { value: () => undefined },
    }),
  };
  const body = `${outputText}\nreturn { ${made.join(', ')} };`;
  const objects = await new AsyncFunction(...Object.keys(environment), body)(...Object.values(environment));
  await Promise.all(checks);
  for (const object of Object.values(objects).reverse()) {
    if (isClosable(object)) await object.close();
  }
  return { logged };
}

const isClosable = (object: unknown): object is { close(): unknown } =>
  typeof object === 'object' && object !== null && 'close' in object && typeof object.close === 'function';
