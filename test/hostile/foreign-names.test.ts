import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  decodeMetadata,
  encodeMetadata,
  isCfluxError,
  LocalMetaClient,
  loadConfig,
  Privilege,
} from 'clusterflux';
import { readInfluxMetadata } from 'clusterflux/influxdb';
import { afterAll, describe, expect, it } from 'vitest';
import { passwordsOf } from '../../src/cli/password-file.js';
import { cflux } from '../support/fake-terminal.js';
import { answer, rawServer } from '../support/raw-server.js';
import { serve } from '../support/serve.js';

/** What every object inherits, and so what an object used as a table finds without having stored it. */
const inherited = [
  '__proto__',
  'constructor',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  '__defineGetter__',
];

const dir = mkdtempSync(join(tmpdir(), 'cflux-names-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.each(inherited)('the name %s', (name) => {
  it('R24: as the code of a problem, it is an error like any unknown code', async () => {
    const problem = JSON.stringify({ code: name, detail: 'what the manager says' });
    const server = await rawServer((_request, socket) =>
      socket.write(answer(404, { 'Content-Type': 'application/problem+json' }, problem)),
    );
    for (const args of [['clusters'], ['history', 'c'], ['nodes']]) {
      const { code, err } = await cflux(args, { env: { CFLUX_ENDPOINT: server.url } });
      expect(code, args.join(' ')).toBe(1);
      expect(err).toContain('what the manager says');
    }
  });

  it('R24: as a privilege that a server reports, it is refused', async () => {
    const table = (columns: string[], ...values: unknown[][]) => ({ series: [{ columns, values }] });
    const server = await rawServer(({ body }, socket) => {
      const results = decodeURIComponent(body.toString()).includes('SHOW+GRANTS')
        ? [table(['database', 'privilege'], ['db', name])]
        : [table(['user', 'admin'], ['u', false]), table(['name']), {}, {}];
      const numbered = results.map((result, id) => ({ statement_id: id, ...result }));
      const json = JSON.stringify({ results: numbered });
      socket.write(answer(200, { 'Content-Type': 'application/json', 'X-Influxdb-Version': '1.8.10' }, json));
    });
    const read = readInfluxMetadata(server.url);
    await expect(read).rejects.toMatchObject({
      code: 'BAD_ANSWER',
      message: expect.stringContaining(JSON.stringify(name)),
    });
  });

  it('R24: as a cluster, it is stored, listed and deleted like any other', async () => {
    const { url, manager } = await serve();
    const versions = `${url}/clusters/${name}/versions/0`;
    const pushed = await fetch(versions, { method: 'POST', body: 'snapshot' });
    expect(pushed.status).toBe(200);
    const polled = await fetch(versions, { headers: { prefer: 'wait=0' } });
    expect(await polled.text()).toBe('snapshot');
    const body = JSON.stringify({ ip: '', hostname: name, bindAddress: name });
    const registered = await fetch(`${url}/nodes/${name}`, { method: 'POST', body });
    const { id } = (await registered.json()) as { id: number };
    expect((await fetch(`${url}/nodes/${name}/${id}`, { method: 'PUT' })).status).toBe(200);
    const env = { CFLUX_ENDPOINT: url };
    expect((await cflux(['clusters'], { env })).out).toContain(name);
    expect((await cflux(['history', name], { env })).code).toBe(0);
    expect((await (await fetch(`${url}/metrics`)).text()).split(`cluster="${name}"`).length).toBeGreaterThan(
      2,
    );
    expect((await cflux(['delete-cluster', name, '--yes'], { env })).code).toBe(0);
    expect((await manager.clusters()).map(({ cluster }) => cluster)).not.toContain(name);
  });

  it('R24: as a route, a command or a flag, it does not exist', async () => {
    const { url } = await serve();
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      expect((await fetch(`${url}/${name}`, { method })).status).toBe(404);
      expect((await fetch(`${url}/clusters/c/${name}`, { method })).status).toBe(404);
    }
    for (const args of [[name], ['status', `--${name}`], ['manager', '--node-ttl', `1${name}`]])
      expect((await cflux(args)).code, args.join(' ')).toBe(2);
  });

  it('R24: in metadata, it names things like any other, in text and in JSON', async () => {
    const meta = new LocalMetaClient({ bcryptCost: 4 });
    await meta.open();
    await meta.createDatabase(name);
    expect(() => meta.retentionPolicy(name, name)).not.toThrow();
    await meta.createRetentionPolicy(name, { name, duration: '1d', replicaN: 1 }, false);
    await meta.createUser(name, 'password', false);
    await meta.setPrivilege(name, name, Privilege.Read);
    const snapshot = encodeMetadata(meta.data());
    const [user] = decodeMetadata(snapshot).users;
    expect([...(user?.privileges ?? [])]).toEqual([[name, Privilege.Read]]);
    const { url, manager } = await serve();
    await manager.push({ cluster: 'c', version: 0, snapshot, mutation: 'm' });
    const env = { CFLUX_ENDPOINT: url };
    const text = (await cflux(['show', 'c'], { env })).out;
    expect(text).toContain(`on "${name}"`);
    const json = JSON.parse((await cflux(['show', 'c', '--json'], { env })).out);
    expect(JSON.stringify(json)).toContain(`{"${name}":${Privilege.Read}}`);
    await meta.close();
  });

  it('R24: in a file of settings, tokens or passwords, it stands for nothing else', async () => {
    const file = join(dir, 'file.toml');
    writeFileSync(file, `[clusterflux]\n"${name}" = "x"\n[clusterflux.other."${name}"]\ndir = "d"\n`);
    expect(loadConfig({ file, env: {}, argv: [`--${name}`, 'x'] })).toEqual({});
    writeFileSync(file, `"${name}" = "secret"\n`);
    const passwords = passwordsOf(file, undefined);
    expect(await passwords(name)).toBe('secret');
    for (const other of inherited) if (other !== name) expect(await passwords(other)).toBeUndefined();
    writeFileSync(file, `["${name}"]\ntoken = []\n`);
    const { code, err } = await cflux(['manager', '--memory', '--listen', '127.0.0.1:0', '--tokens', file]);
    expect([code, err]).toEqual([2, expect.stringContaining(name)]);
  });
});

describe('JSON with a __proto__', () => {
  it('R24: gives a registration no fields', async () => {
    const { url } = await serve();
    const body = '{"__proto__":{"ip":"10.6.6.6,","hostname":"forged","bindAddress":"10.6.6.6:1"}}';
    await fetch(`${url}/nodes/c`, { method: 'POST', body });
    const listed = await (await fetch(`${url}/nodes/c`)).text();
    expect(listed).toContain('127.0.0.1');
    expect(listed).not.toMatch(/forged|10\.6\.6\.6/);
  });

  it('R24: gives an operator no fields', async () => {
    const body = '[{"__proto__":{"cluster":"forged","epoch":"e","nodes":1,"alive":1}}]';
    const server = await rawServer((_request, socket) =>
      socket.write(answer(200, { 'Content-Type': 'application/json' }, body)),
    );
    const { code, out } = await cflux(['clusters'], { env: { CFLUX_ENDPOINT: server.url } });
    expect(code).toBe(1);
    expect(out).not.toContain('forged');
  });
});

it('R24: an inherited name that a store throws as a code is a failure of the manager', async () => {
  const { url, manager } = await serve();
  Object.defineProperty(manager, 'clusters', {
    value: async () => {
      const failure = await manager.version('c', 1).catch((error: unknown) => error);
      if (isCfluxError(failure)) Object.defineProperty(failure, 'code', { value: 'constructor' });
      throw failure;
    },
  });
  expect((await fetch(`${url}/clusters`)).status).toBe(500);
});
