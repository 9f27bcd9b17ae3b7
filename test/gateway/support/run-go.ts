import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { directory } from '../../influxdb/support/lab.js';
import { goPath } from '../../support/servers.js';

/** Compiles and runs a program of `test/gateway/programs` with a URL; resolves with the lines that it prints. */
export async function runGo(program: string, url: string): Promise<string[]> {
  const source = fileURLToPath(new URL(`../programs/${program}`, import.meta.url));
  const cache = await directory();
  const go = { GO111MODULE: 'off', GOPATH: goPath, GOCACHE: join(cache, 'go'), GOFLAGS: '' };
  const { stdout } = await promisify(execFile)('go', ['run', source, url], {
    env: { ...process.env, ...go },
  });
  return stdout.split('\n');
}
