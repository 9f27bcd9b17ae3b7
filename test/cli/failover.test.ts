import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeMetadata, LocalMetaClient } from 'clusterflux';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ManagerApi } from '../../src/cli/manager-api.js';
import { cflux } from '../support/fake-terminal.js';
import { answer, type Misbehaviour, rawServer } from '../support/raw-server.js';
import { serve } from '../support/serve.js';

const problem = JSON.stringify({ code: 'UNAVAILABLE', detail: 'the store is gone' });

/** What may be at an endpoint instead of a manager that works. */
const failures: Readonly<Record<string, Misbehaviour>> = {
  'a connection that is cut': (_, socket) => socket.destroy(),
  'a web page': (_, socket) => socket.write(answer(200, { 'Content-Type': 'text/html' }, '<html>')),
  'another program': (_, socket) => socket.write(answer(404, {}, '404 page not found')),
  'a proxy without a manager': (_, socket) => socket.write(answer(502, {}, 'bad gateway')),
  'a manager without its store': (_, socket) =>
    socket.write(answer(503, { 'Content-Type': 'application/problem+json' }, problem)),
};

async function deadUrl(): Promise<string> {
  const server = await rawServer(() => {});
  await server.close();
  return server.url;
}

/** A manager with two versions of `prod` and a dead node; a client wrote them. */
async function setUp() {
  const { url, manager } = await serve();
  const meta = new LocalMetaClient({ bcryptCost: 4 });
  const versions: number[] = [];
  for (const name of ['first', 'second']) {
    await meta.createDatabase(name);
    const result = await manager.push({
      cluster: 'prod',
      version: versions.at(-1) ?? 0,
      snapshot: encodeMetadata(meta.data()),
      mutation: name,
    });
    if (result.kind === 'committed') versions.push(result.version);
  }
  const node = { hostname: 'h', bindAddress: ':8088', ip: '10.0.0.1,' };
  const { id } = await manager.register('prod', node);
  return { url, manager, versions: versions.map(String), nodeId: String(id) };
}

describe('cflux with several endpoints', () => {
  it('fails over from a dead endpoint in every command that uses a manager', async () => {
    const { url, versions, nodeId } = await setUp();
    const [first = '', second = ''] = versions;
    const dir = await mkdtemp(join(tmpdir(), 'cflux-failover-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const schema = join(dir, 'schema.iql');
    await writeFile(schema, 'CREATE DATABASE third');
    const endpoint = `${await deadUrl()},${await deadUrl()}, ${url}`;
    for (const args of [
      ['status'],
      ['clusters'],
      ['nodes'],
      ['nodes', 'prod'],
      ['history', 'prod'],
      ['show', 'prod'],
      ['show', 'prod', first],
      ['diff', 'prod', first, second],
      ['export', 'prod', '--output', join(dir, 'meta.db')],
      ['exec', '--cluster', 'prod', 'SHOW DATABASES'],
      ['apply', schema, '--cluster', 'prod', '--yes'],
      ['rollback', 'prod', first],
      ['import', 'prod', join(dir, 'meta.db'), '--replace'],
      ['remove-node', 'prod', nodeId],
      ['delete-cluster', 'prod', '--yes'],
    ]) {
      const { code, err } = await cflux([...args, '--endpoint', endpoint]);
      expect(code, `${args.join(' ')}: ${err}`).toBe(0);
    }
  });

  it.each(Object.entries(failures))('fails over from %s, and reports it', async (_, behave) => {
    const { url } = await setUp();
    const server = await rawServer(behave);
    for (const command of ['status', 'clusters', 'history', 'show', 'nodes']) {
      const args = command === 'status' || command === 'clusters' ? [] : ['prod'];
      const { code, out, err } = await cflux([command, ...args, '--endpoint', `${server.url},${url}`]);
      expect(code, `${command}: ${err}`).toBe(0);
      expect(err, command).toContain(server.url);
      expect(err, command).toContain(`trying ${url}`);
      if (command === 'status') expect(out).toContain(`${url} is ready`);
    }
  });

  it('fails over from an endpoint that accepts connections and never responds', async () => {
    const { url } = await setUp();
    const hanging = await rawServer(() => requested());
    let requested = () => {};
    const received = new Promise<void>((resolve) => {
      requested = resolve;
    });
    const clock = new ManualClock();
    const manager = new ManagerApi({ endpoint: [hanging.url, url], clock });
    onTestFinished(() => manager.close());
    const clusters = manager.clusters();
    await received;
    await clock.advance(10_100);
    expect((await clusters).map(({ cluster }) => cluster)).toEqual(['prod']);
  });

  it('reports the last failure, with exit code 4, if no endpoint works', async () => {
    const [a, b] = [await deadUrl(), await deadUrl()];
    for (const args of [['status'], ['clusters'], ['history', 'prod'], ['remove-node', 'prod', '7']]) {
      const { code, err } = await cflux([...args, '--endpoint', `${a},${b}`]);
      expect(code, err).toBe(4);
      expect(err).toContain(`cannot reach the manager at ${a}`);
      expect(err).toContain(`cannot reach the manager at ${b}`);
    }
  });

  it('shows the reason of the manager that is not ready, and its endpoint', async () => {
    const refusing = await rawServer((_, socket) => socket.write(answer(503, {}, 'the disk is full')));
    for (const endpoint of [`${await deadUrl()},${refusing.url}`, `${refusing.url},${await deadUrl()}`]) {
      const { code, out, err } = await cflux(['status', '--json', '--endpoint', endpoint]);
      expect([code, JSON.parse(out)]).toEqual([
        4,
        { endpoint: refusing.url, ready: false, trouble: 'the disk is full' },
      ]);
      expect(err).toContain(`${refusing.url} is not ready: the disk is full`);
    }
  });

  it('counts a removal whose response was lost as done', async () => {
    const { url, manager, nodeId } = await setUp();
    const lossy = await rawServer(async (request, socket) => {
      await fetch(`${url}${request.path}`, { method: request.method });
      socket.destroy();
    });
    const both = `${lossy.url},${url}`;
    expect((await cflux(['remove-node', 'prod', nodeId, '--endpoint', both])).code).toBe(0);
    expect(await manager.nodes('prod')).toEqual([]);
    expect((await cflux(['remove-node', 'prod', nodeId, '--endpoint', url])).code).toBe(3);
  });
});
