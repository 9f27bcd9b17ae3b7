import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { encodeMetadata } from 'clusterflux';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bundle } from '../../support/bundle.js';
import { answer, rawServer } from '../../support/raw-server.js';
import { serve } from '../../support/serve.js';
import { dataWith } from './support/wrapped-clients.js';

let program = '';
beforeAll(async () => {
  program = await bundle(fileURLToPath(new URL('programs/close-and-exit.ts', import.meta.url)));
});

/** What the program printed about its end. */
async function run(endpoint: string, what: string): Promise<unknown> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-exit-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const child = spawn(process.execPath, [program, endpoint, dir, what], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return JSON.parse(await text(child.stdout));
}

const withinASecond = (notified: string) => ({
  notified,
  state: 'closed',
  lived: expect.toSatisfy((ms) => Number(ms) < 1_000),
});

describe('R13: a process exits within a second after close()', () => {
  it('R13: with a manager over HTTP that holds its poll', async () => {
    const { url, manager } = await serve();
    expect(await run(url, 'idle')).toEqual(withinASecond('resolved'));
    expect(await manager.nodes('exit')).toMatchObject([{ alive: false }]);
  });

  it('R13: with a push on the wire that gets no response', async () => {
    const snapshot = encodeMetadata(await dataWith(1n, 'before'));
    const server = await rawServer(({ method, path }, socket) => {
      if (method === 'POST' && path.startsWith('/nodes/')) socket.write(answer(200, {}, '{"id":1}'));
      else if (method === 'PUT') socket.write(answer(200));
      else if (method === 'GET' && path.endsWith('/0')) socket.write(answer(200, { Version: 5 }, snapshot));
    });
    expect(await run(server.url, 'wire')).toEqual(withinASecond('UNKNOWN_OUTCOME'));
  });

  it('R13: with a manager that cannot be reached', async () => {
    const server = await rawServer(() => undefined);
    await server.close();
    expect(await run(server.url, 'dead')).toEqual(withinASecond('CLOSED'));
  });
});
