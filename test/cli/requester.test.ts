import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeMetadata, LocalMetaClient } from 'clusterflux';
import { expect, it, onTestFinished, vi } from 'vitest';
import { temporaryDirectory } from '../meta/support/temporary-directory.js';
import { cflux } from '../support/fake-terminal.js';
import { serve } from '../support/serve.js';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

it('R26: exec, apply, rollback and import identify themselves, each run by an id of its own', async () => {
  const { url, manager } = await serve();
  const push = vi.spyOn(manager, 'push');
  onTestFinished(() => push.mockRestore());
  const dir = await temporaryDirectory();
  const [schema, metadata] = [join(dir, 'schema.iql'), join(dir, 'meta.db')];
  await writeFile(schema, 'CREATE DATABASE c');
  await writeFile(metadata, encodeMetadata(new LocalMetaClient().data()));
  const env = { CFLUX_ENDPOINT: url, CLUSTER: 'prod' };
  const run = async (...args: string[]) => {
    push.mockClear();
    const { code, err } = await cflux(args, { env });
    expect([code, err.replace(/^cflux: \d changes?; version \d+$/, '')]).toEqual([0, '']);
    const ids = push.mock.calls.map(([{ requester }]) => requester);
    expect(ids[0]).toMatch(uuid);
    expect(new Set(ids).size, 'one id for all pushes of a run').toBe(1);
    return ids[0];
  };
  const ids = [await run('exec', '--create-cluster', 'CREATE DATABASE a; CREATE DATABASE b')];
  const [first] = await manager.history('prod');
  ids.push(await run('apply', schema, '--yes'));
  ids.push(await run('rollback', 'prod', String(first?.version)));
  ids.push(await run('import', 'prod', metadata, '--replace'));
  expect(new Set(ids).size).toBe(4);
});
