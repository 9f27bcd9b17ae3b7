import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { format, inspect } from 'node:util';
import { CfluxClient, HttpTransport, LocalMetaClient, loadConfig } from 'clusterflux';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import createDebug from 'debug';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { CfluxManager } from '../faults/support/cflux-manager.js';
import { cflux } from '../support/fake-terminal.js';
import { answer, rawServer } from '../support/raw-server.js';
import { serve } from '../support/serve.js';

// Each is found by its mark, however it is quoted or cut.
const token = 'marked-token-0123456789';
const fileToken = 'marked-file-token-0123456789';
const password = 'marked-password';
const endpointPassword = 'marked-endpoint-password';

const dir = mkdtempSync(join(tmpdir(), 'cflux-secrets-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const fileWith = (name: string, text: string) => {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
};

/** All log lines and errors, with their causes and stacks. */
class Ears {
  #heard = '';
  readonly debugged: string[] = [];

  constructor() {
    const { log } = createDebug;
    const enabled = createDebug.disable();
    createDebug.enable('cflux:*');
    createDebug.log = (...args: unknown[]) => {
      this.debugged.push(format(...args));
    };
    onTestFinished(() => {
      createDebug.log = log;
      createDebug.enable(enabled);
    });
  }

  hear(what: unknown): void {
    this.#heard += `${inspect(what, { depth: 10, showHidden: true })}\n${String(what)}\n`;
  }

  /** What `attempt` fails with; it must fail. */
  async failure(attempt: () => unknown): Promise<void> {
    let result: unknown;
    try {
      result = await attempt();
    } catch (error) {
      this.hear(error);
      return;
    }
    throw new Error(`expected a failure, got ${inspect(result)}`);
  }

  all(): string {
    return `${this.#heard}\n${this.debugged.join('\n')}`;
  }
}

describe('secrets', () => {
  it('never reach a log or an error: tokens, passwords, hashes, of client, transport, configuration and command line', async () => {
    const ears = new Ears();
    const entry = { name: 'node', token, scopes: ['node'] } as const;
    const { url } = await serve({}, { tokens: [entry] });
    const meta = new LocalMetaClient({ bcryptCost: 4 });
    const client = new CfluxClient(meta, { endpoint: url, token, cluster: 'c', dir: join(dir, 'node') });
    onTestFinished(() => client.close());
    for (const event of [
      'registered',
      'synced',
      'pushed',
      'conflict',
      'syncFailed',
      'heartbeatFailed',
      'rolledBack',
      'stateChange',
    ] as const) {
      client.on(event, (payload?: unknown) => ears.hear(payload));
    }
    await client.open();
    await client.createUser('somebody', password, true);
    await ears.failure(() => client.createUser('somebody', `${password}-2`, false));
    await ears.failure(() => client.authenticate('somebody', `${password}-3`));
    await client.authenticate('somebody', password);
    await client.updateUser('somebody', `${password}-4`);
    const hashes = meta.data().users.map(({ hash }) => hash);
    expect(hashes).toHaveLength(1);
    ears.hear(client.status);
    ears.hear(await client.nodes());

    // Servers that refuse, respond, are absent, or redirect.
    const echoing = await rawServer((request, socket) =>
      socket.write(answer(500, { 'Content-Type': 'text/plain' }, inspect(request.headers))),
    );
    const refusing = await serve({}, { tokens: [{ ...entry, token: 'another-token-0123' }] });
    const redirecting = await rawServer((request, socket) =>
      socket.write(answer(302, { Location: `http://x/?${request.headers['authorization']}` })),
    );
    const endpoints = [
      echoing.url,
      refusing.url,
      redirecting.url,
      'http://127.0.0.1:9',
      'http://nobody.invalid',
    ];
    for (const endpoint of endpoints) {
      const transport = new HttpTransport({ endpoint, token, retry: { attempts: 2, minDelay: 1 } });
      onTestFinished(() => transport.close());
      await ears.failure(() => transport.heartbeat({ cluster: 'c', nodeId: 1 }));
      await ears.failure(() =>
        transport.push({ cluster: 'c', version: 1, snapshot: Buffer.from('x'), mutation: 'm' }),
      );
      const { code, out, err } = await cflux([
        'clusters',
        '--endpoint',
        endpoint,
        '--token-file',
        fileWith('token', token),
      ]);
      expect(code).not.toBe(0);
      ears.hear(out + err);
    }
    const broken = () => {
      throw new Error('no token today');
    };
    for (const wrong of [`${token}\n`, `${token} `, `${token}ü`, broken]) {
      const transport = new HttpTransport({ endpoint: url, token: wrong, retry: { attempts: 1 } });
      onTestFinished(() => transport.close());
      await ears.failure(() => transport.heartbeat({ cluster: 'c', nodeId: 1 }));
    }

    for (const endpoint of [
      'http://root:PW@h:1',
      'ftp://root:PW@h',
      'root:PW@h',
      '//root:PW@h',
      'http://root:PW@',
      'http://root:PW@h h',
    ]) {
      const url = endpoint.replace('PW', endpointPassword);
      await ears.failure(() => new HttpTransport({ endpoint: url }));
      await ears.failure(() => new CfluxClient(new LocalMetaClient(), { endpoint: url }));
      await ears.failure(
        () => new CfluxClient(new LocalMetaClient(), loadConfig({ env: { CFLUX_ENDPOINT: url } })),
      );
      ears.hear(await cflux(['status', '--endpoint', url]));
    }
    for (const toml of [
      `[clusterflux]\ntoken = "${token}\ndir = 1`,
      `[clusterflux]\ntoken = "${token}"\ndir =`,
      `[clusterflux]\ndir = \ntoken = "${token}"`,
      `[clusterflux]\ntoken = ["${token}"]`,
      `[clusterflux]\nclusterflux-endpoint = "http://root:${endpointPassword}@h h"`,
    ]) {
      const file = fileWith('node.toml', toml);
      await ears.failure(() => loadConfig({ file, env: {} }));
    }
    for (const text of [
      `"somebody" = "${password}`,
      `"somebody" = "${password}"\n= 1`,
      `somebody = ["${password}"]`,
    ]) {
      const args = [
        'agent',
        '--data',
        join(dir, 'agent'),
        '--listen',
        '127.0.0.1:0',
        '--passwords',
        fileWith('passwords.toml', text),
      ];
      ears.hear(await cflux(args, { env: { CFLUX_ENDPOINT: url }, ended: Promise.resolve('SIGTERM') }));
    }
    await client.close();

    const said = ears.all();
    // There was a listener, and output to check.
    for (const space of ['cflux:client', 'cflux:commit', 'cflux:transport']) expect(said).toContain(space);
    expect(said).toContain('somebody');
    expect(said).not.toMatch(/marked-/);
    for (const hash of hashes) expect(said).not.toContain(hash);
  });

  it('never reach the log of a manager, whatever its token file and its clients are', async () => {
    const ears = new Ears();
    const good = `[[token]]\nname = "node"\ntoken = "${fileToken}"\nscopes = ["node", "admin"]\n`;
    const tokens = fileWith('tokens.toml', good);
    const manager = await CfluxManager.start(['--memory', '--tokens', tokens]);
    const request = (path: string, init: RequestInit = {}, shown = fileToken) =>
      fetch(`${manager.url}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${shown}`, ...init.headers },
      });
    expect((await request('/nodes/c', { method: 'POST', body: '{}' })).status).toBe(200);
    expect((await request('/clusters/c/versions/0', { method: 'POST', body: password })).status).toBe(200);
    // A wrong token may be the right one of somewhere else.
    expect((await request('/clusters', {}, 'marked-wrong-token-0123')).status).toBe(401);
    expect((await request('/nodes/c', { method: 'POST', body: password })).status).toBe(400);
    for (const wrong of [good.replace('"\nscopes', '\nscopes'), `${good}\n= 1`]) {
      writeFileSync(tokens, wrong);
      await expect
        .poll(
          async () => {
            await request('/clusters');
            return manager.log.split('tokens.toml').length;
          },
          { timeout: 20_000 },
        )
        .toBeGreaterThan(1);
      const inProcess = new Manager({ store: new MemoryStore() });
      onTestFinished(() => inProcess.close());
      await ears.failure(() => createManagerServer(inProcess, { port: 0, tokens }));
      ears.hear(await cflux(['manager', '--memory', '--listen', '127.0.0.1:0', '--tokens', tokens]));
    }
    await manager.stop();
    expect(manager.log).toContain('register');
    expect(manager.log).toContain('push');
    expect(manager.log).toContain('tokens.toml');
    expect(`${manager.log}\n${ears.all()}`).not.toMatch(/marked-/);
  });
});
