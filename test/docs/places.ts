import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startEtcd } from '../support/etcd.js';
import { startInfluxd } from '../support/influxd.js';
import { serve } from '../support/serve.js';
import type { Server } from '../support/servers.js';
import { tlsFixture } from '../support/tls-fixtures.js';

const token = 'a-token-of-the-documentation';

const influxdb = /http:\/\/127\.0\.0\.1:8086/g;
const etcd = /http:\/\/(?:[abc]|10\.0\.0\.\d):2379/g;
const https = /https:\/\/manager[\w.-]*:8000/g;
const http = /http:\/\/(?:manager[\w-]*|localhost|10\.0\.0\.\d):8000/g;

/** The real server that a program needs, if any. */
export function serverOf(program: string): Server | undefined {
  if (program.search(influxdb) >= 0) return 'influxd';
  return program.search(etcd) >= 0 ? 'etcd' : undefined;
}

/**
 * Real places for those that documentation names, until the test is over: managers, servers, directories and files.
 * Answers what puts them into a program.
 */
export async function prepare(program: string): Promise<(code: string) => string> {
  const replacements: [pattern: RegExp, place: string][] = [
    [/port: 8000/g, 'port: 0'],
    [/0\.0\.0\.0/g, '127.0.0.1'],
    [http, (await serve()).url],
  ];
  if (program.search(https) >= 0) replacements.push([https, await secureManager()]);
  if (program.search(influxdb) >= 0) {
    const influxd = await startInfluxd();
    onTestFinished(() => influxd.remove());
    replacements.push([influxdb, influxd.url], [/127\.0\.0\.1:8088/g, influxd.snapshot]);
  }
  if (program.search(etcd) >= 0) {
    const cluster = await startEtcd();
    onTestFinished(() => cluster.close());
    replacements.push([etcd, cluster.endpoints[0] ?? '']);
  }
  const root = files(program);
  replacements.push([/(?<=')(?=\/(?:var|etc|run)\/)/g, root]);
  return (code) => replacements.reduce((text, [pattern, place]) => text.replace(pattern, place), code);
}

async function secureManager(): Promise<string> {
  const tls = { cert: readFileSync(tlsFixture('server')), key: readFileSync(tlsFixture('server-key')) };
  const { url } = await serve({}, { tls, tokens: [{ name: 'node', token, scopes: ['admin'] }] });
  return url;
}

/** A directory that has everything that `program` names as a directory or file. */
function files(program: string): string {
  const root = mkdtempSync(join(tmpdir(), 'cflux-docs-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const at = (path: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  };
  for (const [path] of program.matchAll(/(?<=')\/var\/[^']+/g))
    mkdirSync(join(root, path.replace(/\/[^/]+\.\w+$/, '')), { recursive: true });
  copyFileSync(tlsFixture('ca'), at('/etc/cflux/ca.crt'));
  copyFileSync(tlsFixture('server'), at('/etc/cflux/tls.crt'));
  copyFileSync(tlsFixture('server-key'), at('/etc/cflux/tls.key'));
  writeFileSync(at('/etc/cflux/token'), `${token}\n`);
  writeFileSync(
    at('/etc/cflux/tokens.toml'),
    `[[token]]\nname = "n"\ntoken = "${token}"\nscopes = ["node"]\n`,
  );
  writeFileSync(at('/etc/influxdb/influxdb.conf'), '[clusterflux]\ncluster-name = "prod"\n');
  return root;
}
