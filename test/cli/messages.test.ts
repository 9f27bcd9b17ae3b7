import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, encodeMetadata, LocalMetaClient } from 'clusterflux';
import { FakeManager, FaultyTransport } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { passwordsOf } from '../../src/cli/password-file.js';
import { durationLiteral } from '../../src/influxdb/statements/influxql.js';
import { missingPackage } from '../../src/missing-package.js';
import { cflux } from '../support/fake-terminal.js';
import { answer, rawServer } from '../support/raw-server.js';
import { serve } from '../support/serve.js';

const pem = (name: string) => readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), 'utf8');
const tls = { cert: pem('server'), key: pem('server-key') };

async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-messages-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const clusters = (endpoint: string, ...flags: string[]) =>
  cflux(['clusters', '--endpoint', endpoint, ...flags]);

describe('what is at the endpoint', () => {
  it('a manager without TLS that is called with https', async () => {
    const { url } = await serve();
    const { code, err } = await clusters(url.replace('http:', 'https:'));
    expect(code).toBe(4);
    expect(err).toContain(`it does not serve https there: use ${url}`);
  });

  it('a manager with TLS that is called with http', async () => {
    const { url } = await serve({}, { tls });
    const { code, err } = await clusters(url.replace('https:', 'http:'));
    expect(code).toBe(4);
    expect(err).toContain(`if it serves https there, use ${url}`);
  });

  it('a manager with a certificate of an own authority', async () => {
    const { url } = await serve({}, { tls });
    const { code, err } = await clusters(url);
    expect(code).toBe(4);
    expect(err).toContain("name that authority's certificate with --ca");
    const dir = await temporaryDirectory();
    await writeFile(join(dir, 'ca.pem'), pem('ca'));
    expect(await clusters(url, '--ca', join(dir, 'ca.pem'))).toMatchObject({ code: 0 });
  });

  it.each([
    [
      'InfluxDB 1.x',
      404,
      { 'X-Influxdb-Version': '1.8.10' },
      '404 page not found',
      /a response of InfluxDB 1\.8\.10/,
    ],
    [
      'InfluxDB 2',
      200,
      { 'X-Influxdb-Version': 'v2.7.1', 'Content-Type': 'text/html' },
      '<html>',
      /InfluxDB v2\.7\.1/,
    ],
    [
      'a web server',
      404,
      { 'Content-Type': 'text/html' },
      '<html>',
      /a web page instead of a response of a manager/,
    ],
    ['a web page', 200, { 'Content-Type': 'text/html; charset=utf-8' }, '<html>', /a web page/],
    ['a form for POST', 405, { 'Content-Type': 'text/html' }, '<html>', /a web page/],
  ])('%s is named, and not taken for an older manager', async (_, status, headers, body, message) => {
    const server = await rawServer((_request, socket) => socket.write(answer(status, headers, body)));
    const { code, err } = await clusters(server.url);
    expect(code).toBe(1);
    expect(err).toMatch(message);
    expect(err).not.toContain('older');
    const client = new CfluxClient(new LocalMetaClient(), { endpoint: server.url, retry: { attempts: 1 } });
    await expect(client.open()).rejects.toMatchObject({ code: 'BAD_ANSWER' });
    await client.close();
  });

  it('a manager that requires a token', async () => {
    const token = 'a-token-of-some-length';
    const { url } = await serve({}, { tokens: [{ name: 'ops', token, scopes: ['admin'] }] });
    const without = await clusters(url);
    expect(without.code).toBe(5);
    expect(without.err).toContain('no token was sent: set `token` (--token-file, CFLUX_TOKEN)');
    const wrong = await cflux(['clusters'], { env: { CFLUX_ENDPOINT: url, CFLUX_TOKEN: `${token}x` } });
    expect(wrong.code).toBe(5);
    expect(wrong.err).toContain('check the token (--token-file, CFLUX_TOKEN)');
    expect(wrong.err).not.toContain(token);
  });

  it.each(['show', 'history', 'export'])(
    'cflux %s of an unknown cluster names those that exist',
    async (command) => {
      const { url, manager } = await serve();
      const args = [command, 'prot', '--endpoint', url, ...(command === 'export' ? ['--format', 'iql'] : [])];
      const none = await cflux(args);
      expect(none.code).toBe(3);
      expect(none.err).toContain('no metadata of cluster "prot"; it has no clusters');
      const snapshot = encodeMetadata(new LocalMetaClient().data());
      await manager.push({ cluster: 'prod', version: 0, snapshot, mutation: 'm' });
      expect((await cflux(args)).err).toContain('no metadata of cluster "prot"; it has "prod"');
    },
  );
});

describe('what a command is given', () => {
  it('--listen beyond this machine without protection names the flags to choose from', async () => {
    const { code, err } = await cflux(['manager', '--memory', '--listen', '0.0.0.0:0']);
    expect(code).toBe(2);
    for (const flag of ['--tokens', '--client-ca', '--insecure']) expect(err).toContain(flag);
  });

  it.each(['manager', 'agent'])('%s: a port that is in use', async (command) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const more = command === 'manager' ? ['--memory'] : ['--data', await temporaryDirectory()];
    const { code, err } = await cflux([command, '--listen', `127.0.0.1:${port}`, ...more]);
    expect(code).toBe(2);
    expect(err).toContain(`cannot listen on 127.0.0.1:${port}: another process uses this port`);
    expect(err).not.toContain('EADDRINUSE');
  });

  it.each([['--data', '/x'], ['--etcd', 'http://127.0.0.1:1'], ['--shared-data']])(
    '--memory and %s are refused together',
    async (...flag) => {
      const { code, err } = await cflux(['manager', '--memory', ...flag]);
      expect(code).toBe(2);
      expect(err).toMatch(new RegExp(`--memory.* cannot be used with option '${flag[0]}`));
    },
  );

  it.each(['manager', 'agent', 'plan', 'exec', 'nodes', 'status'])(
    'the help of %s shows no default as JSON',
    async (command) => {
      const { out } = await cflux([command, '--help']);
      expect(out).not.toMatch(/default: [{["]\{?"?host|default: \{/);
    },
  );

  it('a package that is missing is named with the command that installs it, globally too', () => {
    expect(missingPackage('lmdb', 'no store').message).toMatch(/npm install lmdb \(with --global if/);
  });

  it('a broken file of passwords names line and column, at the start and when it changes', async () => {
    const file = join(await temporaryDirectory(), 'passwords.toml');
    await writeFile(file, '"bob" = "secret"\n"eve" = s3cret\n');
    const place = /passwords\.toml: .*line 2, column 9/;
    expect(() => passwordsOf(file, undefined)).toThrow(place);
    await writeFile(file, '"bob" = "secret"\n');
    const source = passwordsOf(file, undefined);
    expect(source('bob')).toBe('secret');
    await writeFile(file, '"bob" = "secret"\n"eve" = s3cret\n');
    expect(() => source('bob')).toThrow(place);
    expect(() => source('bob')).not.toThrow(/s3cret/);
  });

  it('durations in statements have the largest unit that fits', () => {
    const durations = [0n, 2_592_000_000_000_000n, 604_800_000_000_000n, 5_400_000_000_000n, 1n];
    expect(durations.map(durationLiteral)).toEqual(['INF', '30d', '1w', '90m', '1ns']);
  });
});

describe('while the manager cannot be reached', () => {
  it('the state is offline when a change rejects with UNREACHABLE, and online again after the next poll', async () => {
    const fake = new FakeManager();
    const network = new FaultyTransport(fake.transport);
    const client = new CfluxClient(new LocalMetaClient(), { transport: network, retry: { attempts: 1 } });
    await client.open();
    const online = new Promise<void>((resolve) => {
      client.on('stateChange', ({ to }) => to === 'online' && resolve());
    });
    network.failNext('push', { refuse: true });
    await expect(client.createDatabase('db')).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(client.status.state).toBe('offline');
    await online;
    expect(await client.createDatabase('db')).toMatchObject({ name: 'db' });
    await client.close();
    await fake.close();
  });

  it('heartbeats and polls that fail for the same reason are logged once', async () => {
    const fake = new FakeManager();
    let isDown = false;
    const network = new FaultyTransport(fake.transport, { faults: () => ({ refuse: isDown }) });
    const warned: string[] = [];
    const none = () => {};
    const failures = { heartbeat: 0, sync: 0 };
    const client = new CfluxClient(new LocalMetaClient(), {
      transport: network,
      retry: { attempts: 1 },
      heartbeatInterval: 5,
      pollWait: 5,
      logger: { debug: none, info: none, warn: (_record, message) => warned.push(message), error: none },
    });
    await client.open();
    const bothFailed = new Promise<void>((resolve) => {
      const seen = () => failures.heartbeat > 1 && failures.sync > 1 && resolve();
      client.on('heartbeatFailed', () => {
        failures.heartbeat += 1;
        seen();
      });
      client.on('syncFailed', () => {
        failures.sync += 1;
        seen();
      });
    });
    isDown = true;
    await bothFailed;
    expect(warned.length).toBeGreaterThan(0);
    expect(new Set(warned).size).toBe(warned.length);
    await client.close();
    await fake.close();
  });
});
