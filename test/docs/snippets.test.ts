import { afterEach, describe, expect, it, vi } from 'vitest';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';
import { compilePrograms } from './compile-programs.js';
import { completeSnippet, type Program } from './complete-snippet.js';
import { prepare, serverOf } from './places.js';
import { commentsOfCallables } from './public-names.js';
import { runProgram } from './run-program.js';
import { allSnippets } from './snippets.js';

const programs = allSnippets().map(completeSnippet);

/** What the comments behind `console.log(…);` promise, up to their explanation. */
const promised = (code: string) =>
  [...code.matchAll(/^console\.log\(.*\); \/\/ ([^:\n]+)/gm)].map((match) => match[1]?.trim());

const isOf = (server: ReturnType<typeof serverOf>) => (program: Program) =>
  serverOf(program.program) === server;

function itRuns(list: readonly Program[]): void {
  it.each(list.map((program) => [program.place, program] as const))('%s runs', async (_, program) => {
    const substitute = await prepare(program.program);
    vi.stubEnv('CFLUX_ENDPOINT', (await serve()).url);
    const { logged } = await runProgram(program, substitute);
    const expected = promised(program.code);
    if (expected.length > 0) expect(logged).toEqual(expect.arrayContaining(expected));
  });
}

afterEach(() => void vi.unstubAllEnvs());

describe('snippets of the documents and of the comments', () => {
  it('are found', () => {
    expect(programs.length).toBeGreaterThan(20);
  });

  it.each(commentsOfCallables())('$name has an example', ({ comment }) => {
    expect(comment).toMatch(/@example\n \* ```ts\n/);
  });

  it('compile', () => {
    expect(compilePrograms(programs)).toEqual([]);
  });

  itRuns(programs.filter(isOf(undefined)));
});

describeWithServer('influxd', 'snippets with InfluxDB', () => itRuns(programs.filter(isOf('influxd'))));
describeWithServer('etcd', 'snippets with etcd', () => itRuns(programs.filter(isOf('etcd'))));
