import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeMetadata } from 'clusterflux';
import { createManagerServer, LmdbStore, Manager, type ManagerStore, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CfluxManager } from '../faults/support/cflux-manager.js';
import { openNode, until } from '../faults/support/nodes.js';
import { temporaryDirectory } from '../meta/support/temporary-directory.js';

const tokens = (['node', 'metadata', 'write'] as const).map((scope) => ({
  name: scope,
  token: `${scope}-token-0123456`,
  scopes: [scope],
}));

describe.each<[string, () => Promise<ManagerStore>]>([
  ['memory', async () => new MemoryStore()],
  ['lmdb', async () => new LmdbStore({ dir: await temporaryDirectory() })],
])('a poll that may not write, on %s', (_, makeStore) => {
  async function serve() {
    const manager = new Manager({ store: await makeStore() });
    onTestFinished(() => manager.close());
    const server = await createManagerServer(manager, { port: 0, tokens });
    onTestFinished(() => server.close());
    return (method: string, path: string, scope: string, headers: object = {}, body: string | null = null) =>
      fetch(`${server.url}${path}`, {
        method,
        body,
        headers: { authorization: `Bearer ${scope}-token-0123456`, prefer: 'wait=0', ...headers },
      });
  }

  it.each(['metadata', 'write'])(
    'R24: with a %s token and any epoch, gets 412 and leaves nodes, epoch and the first push alone',
    async (scope) => {
      const ask = await serve();
      const { id } = (await (await ask('POST', '/nodes/c', 'node', {}, '{}')).json()) as { id: number };
      const epoch = (await ask('GET', '/clusters/c/versions/0', scope)).headers.get('cflux-epoch') ?? '';
      for (const claimed of [epoch, 'another']) {
        const answer = await ask('GET', '/clusters/c/versions/5', scope, {
          'cflux-epoch': claimed,
          'cflux-node': String(id),
        });
        expect(answer.status).toBe(412);
        expect(answer.headers.get('cflux-epoch')).toBe(epoch);
        expect(answer.headers.get('version')).toBe('0');
      }
      expect(await (await ask('GET', '/nodes/c', scope)).json()).toMatchObject([{ id, alive: true }]);
      expect((await ask('PUT', `/nodes/c/${id}`, 'node')).status).toBe(200);
      const push = await ask('POST', '/clusters/c/versions/0', 'node', {}, 'first');
      expect(push.status).toBe(200);
      expect(push.headers.get('cflux-epoch')).toBe(epoch);
    },
  );

  it('R24: polls of unused names create no cluster', async () => {
    const ask = await serve();
    for (let i = 0; i < 20; i++) {
      for (const scope of ['metadata', 'node']) {
        const path = `/clusters/${scope}${i}/versions/5`;
        expect((await ask('GET', path, scope, { 'cflux-epoch': 'another' })).status).toBe(412);
      }
    }
    expect(await (await ask('GET', '/clusters', 'metadata')).json()).toEqual([]);
  });

  it('R11: the poll of a node starts the recovery, and the next epoch comes with its version', async () => {
    const ask = await serve();
    const epoch = (await ask('GET', '/clusters/c/versions/0', 'node')).headers.get('cflux-epoch') ?? '';
    const met = await ask('GET', '/clusters/c/versions/5', 'node', { 'cflux-epoch': epoch });
    expect(met.status).toBe(412);
    expect(met.headers.get('version')).toBe('0');
    expect(met.headers.get('cflux-epoch')).not.toBe(epoch);
    const push = await ask('POST', '/clusters/c/versions/0', 'node', {}, 'first');
    expect(push.status).toBe(503);
    expect(Number(push.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

it('R11: in a store restored from before the first version, the node that slept through the recovery keeps a backup', async () => {
  const dir = await temporaryDirectory();
  const data = join(dir, 'data');
  const manager = await CfluxManager.start(['--data', data, '--node-ttl', '1s']);
  await manager.stop();
  await cp(data, join(dir, 'copy'), { recursive: true });
  await manager.start();
  const places = ['a', 'b'].map((name) => ({ dir: join(dir, name), metaDir: join(dir, `${name}-meta`) }));
  for (const { metaDir } of places) await mkdir(metaDir);
  const [placeOfA, placeOfB] = places;
  const a = await openNode(manager.url, placeOfA);
  const b = await openNode(manager.url, placeOfB);
  await a.client.createDatabase('kept');
  await b.client.createDatabase('newest');
  const { epoch } = b.client.status;
  await a.client.close();
  await b.client.createDatabase('only b');
  await b.client.close();

  await manager.kill();
  await rm(data, { recursive: true });
  await cp(join(dir, 'copy'), data, { recursive: true });
  await manager.start();
  const offering = await openNode(manager.url, placeOfA);
  await until(() => offering.client.status.state === 'online', 'its offer was taken');
  expect(offering.client.status.epoch).not.toBe(epoch);
  await offering.client.createDatabase('since');

  const late = await openNode(manager.url, placeOfB);
  await until(() => late.heard('epochChanged').length > 0, 'the late node notices');
  const [event] = late.heard('epochChanged');
  expect(event).toMatchObject({ previousEpoch: epoch, epoch: offering.client.status.epoch, seeded: false });
  const backup = decodeMetadata(event?.snapshot ?? new Uint8Array());
  expect(backup.databases.map(({ name }) => name)).toContain('only b');
  expect(event?.backup).toContain(join(dir, 'b'));
  expect(late.databases()).toEqual(offering.databases());
  expect(late.databases()).toContain('since');
});
