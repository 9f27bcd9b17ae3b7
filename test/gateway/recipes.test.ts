import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { textOf } from '../docs/markdown.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, names } from '../influxdb/support/lab.js';
import { freePort } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { exchange, query } from './support/exchange.js';
import { type GatewayNode, gatewayNode } from './support/gateway-lab.js';

/** The configuration in the document that begins with `start`, with the ports of this test. */
function recipe(language: string, start: string, ports: Readonly<Record<string, string>>): string {
  const fences = [...textOf('docs/gateway.md').matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))];
  const found = fences.map(([, text = '']) => text).find((text) => text.startsWith(start));
  if (found === undefined) throw new Error(`docs/gateway.md has no ${language} recipe`);
  return Object.entries(ports).reduce((text, [port, own]) => text.replaceAll(port, own), found);
}

async function balancer(command: string, args: readonly string[], port: number): Promise<string> {
  const child: ChildProcess = spawn(command, args, { stdio: 'ignore' });
  atEnd(async () => {
    if (child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  });
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
    await delay(20);
  }
  return `http://127.0.0.1:${port}`;
}

const accepts = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });

/** Statements reach the cluster by every spelling of the path; writes do not pass the gateway. */
async function expectSplit(url: string, { influxd, gateway, client }: GatewayNode): Promise<void> {
  const seen: string[] = [];
  gateway.on('request', ({ class: name }) => seen.push(name));
  expect((await exchange(url, query('CREATE DATABASE one'))).body).toBe('{"results":[{"statement_id":0}]}\n');
  await exchange(url, { ...query('CREATE DATABASE two'), path: '/que%72y' });
  expect((await exchange(url, { method: 'POST', path: '/api/v2/buckets', body: '{}' })).status).toBe(405);
  expect(seen).toEqual(['executed', 'executed', 'refused']);
  const body = 'm v=1\n'.repeat(400_000);
  expect((await exchange(url, { method: 'POST', path: '/write?db=one', body })).status).toBe(204);
  expect((await exchange(url, { method: 'GET', path: '/ping' })).status).toBe(204);
  expect(seen).toHaveLength(3);
  expect(await names(influxd, 'SHOW DATABASES')).toEqual(['one', 'two']);
  expect((await client.databases()).map(({ name }) => name)).toEqual(['one', 'two']);
}

async function ports(node: GatewayNode, port: number): Promise<Record<string, string>> {
  return {
    '0.0.0.0:8086': `127.0.0.1:${port}`,
    '127.0.0.1:8084': new URL(node.gateway.url).host,
    '127.0.0.1:8085': new URL(node.influxd.url).host,
  };
}

describeWithServer('haproxy', 'the recipe for HAProxy', () => {
  it('sends only what can change the schema to the gateway', async () => {
    const node = await gatewayNode((await labManager()).url);
    const port = await freePort();
    const file = join(await directory(), 'haproxy.cfg');
    await writeFile(file, recipe('text', 'defaults', await ports(node, port)));
    await expectSplit(await balancer('haproxy', ['-f', file], port), node);
  });
});

describeWithServer('nginx', 'the recipe for nginx', () => {
  it('sends only what can change the schema to the gateway', async () => {
    const node = await gatewayNode((await labManager()).url);
    const port = await freePort();
    const dir = await directory();
    const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${dir}/${name};`,
    );
    const http = `${folders.join(' ')} access_log off;\n${recipe('nginx', 'server', await ports(node, port))}`;
    const file = join(dir, 'nginx.conf');
    await writeFile(file, `daemon off; pid ${dir}/pid; error_log ${dir}/log; events {}\nhttp { ${http} }\n`);
    await expectSplit(await balancer('nginx', ['-c', file], port), node);
  });
});
