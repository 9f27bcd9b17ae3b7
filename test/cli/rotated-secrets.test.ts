import { join } from 'node:path';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import { expect, it } from 'vitest';
import { atEnd, directory, server } from '../influxdb/support/lab.js';
import { Authority, ReplacedFile, temporaryDirectory } from '../support/certificates.js';
import { describeWithServer } from '../support/servers.js';
import { cflux } from './lab-terminal.js';

const soon = { timeout: 20_000, interval: 200 };

describeWithServer('influxd', 'cflux agent', () => {
  it('R9: takes a rotated token, a rotated password and a new certificate from their files without a restart', async () => {
    const authority = await Authority.create('authority');
    const files = temporaryDirectory();
    const own = await authority.issue('agent', 5);
    const ca = new ReplacedFile(files, 'ca', authority.ca);
    const cert = new ReplacedFile(files, 'cert', own.cert);
    const key = new ReplacedFile(files, 'key', own.key);
    const token = new ReplacedFile(files, 'token', 'token-one-0123456\n');
    const password = new ReplacedFile(files, 'password', 'password-one\n');
    const entry = (text: string) => `[[token]]\nname = "agent"\ntoken = "${text}"\nscopes = ["node"]\n`;
    const tokens = new ReplacedFile(files, 'tokens.toml', entry('token-one-0123456'));

    const influxd = await server({ auth: true });
    await influxd.query("CREATE USER root WITH PASSWORD 'password-one' WITH ALL PRIVILEGES");
    const manager = new Manager({ store: new MemoryStore() });
    const served = await createManagerServer(manager, {
      port: 0,
      tokens: tokens.path,
      tls: { ...(await authority.issue('manager')), ca: authority.ca },
    });
    atEnd(async () => {
      await served.close();
      await manager.close();
    });

    const agent = cflux([
      ...['agent', '--data', join(await directory(), 'agent'), '--listen', ':0', '--interval', '200ms'],
      ...['--influxdb', influxd.url, '--username', 'root', '--password-file', password.path],
      ...['--endpoint', served.url, '--token-file', token.path],
      ...['--ca', ca.path, '--cert', cert.path, '--key', key.path],
    ]);
    atEnd(() => agent.end());
    await agent.line('manager: TLS certificate CN=agent (cert) expires at');
    await agent.line('in sync with version');
    const url = /on (http:\S+)/.exec(await agent.line('/health and /metrics on'))?.[1] ?? '';
    const health = async () => (await fetch(`${url}/health`)).status;
    await expect.poll(health, soon).toBe(200);

    tokens.write(entry('token-two-0123456'));
    await expect.poll(health, soon).toBe(503);
    token.write('token-two-0123456\n');
    await expect.poll(health, soon).toBe(200);

    const root = { username: 'root', password: 'password-one' };
    await influxd.query("SET PASSWORD FOR root = 'password-two'", root);
    await agent.line('authorization failed');
    password.write('password-two\n');
    await agent.line('is available again');

    const next = await authority.issue('next');
    cert.write(next.cert);
    key.write(next.key);
    const shown = async () => (await fetch(`${url}/metrics`)).text();
    await expect
      .poll(shown, soon)
      .toMatch(
        /^cflux_certificate_expiry_timestamp_seconds\{option="cert",subject="CN=next",serial="\w+"\} \d+/m,
      );
    expect(await agent.end()).toBe(0);
  });
});
