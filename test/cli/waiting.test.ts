import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import type { Manager } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nodesSummary } from '../../src/cli/nodes-summary.js';
import type { NodeInfo } from '../../src/protocol/nodes.js';
import { cflux, type FakeTerminalOptions } from '../support/fake-terminal.js';
import { serve } from '../support/serve.js';
import { cflux as running } from './lab-terminal.js';

const ttl = 2_000;

/** A manager that knows all nodes, because it has run for one time to live. */
async function setUp() {
  const { url, manager } = await serve({ nodeTtl: ttl });
  await manager.open();
  await new Promise((resolve) => setTimeout(resolve, ttl));
  const env = { CFLUX_ENDPOINT: url, CLUSTER: 'prod' };
  const run = (args: readonly string[], options: FakeTerminalOptions = {}) =>
    cflux(args, { ...options, env });
  return { url, manager, run, env };
}

/** A node of the cluster; it is an agent's whose server never applies anything, if it is `stuck`. */
async function open(url: string, { stuck = false } = {}): Promise<CfluxClient> {
  const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), {
    cluster: 'prod',
    endpoint: url,
    heartbeatInterval: ttl / 10,
  });
  if (stuck) client.noteApplied({ version: 0 });
  onTestFinished(() => client.close());
  await client.open();
  return client;
}

const versionOf = async (manager: Manager) => (await manager.history('prod'))[0]?.version;

describe('waiting on the command line', () => {
  it('exec, apply and status wait until all nodes have the version, and exit with 0', async () => {
    const { url, run, manager } = await setUp();
    await open(url);
    await open(url);
    const made = await run(['exec', 'CREATE DATABASE a', '--wait']);
    const version = await versionOf(manager);
    expect([made.code, made.err]).toEqual([
      0,
      `cflux: 1 change; version ${version}\ncflux: all 2 nodes have version ${version}`,
    ]);
    const nothing = await run(['exec', 'CREATE DATABASE a', '--wait', '--timeout', '10s']);
    expect([nothing.code, nothing.err]).toEqual([0, expect.stringContaining('all 2 nodes have version')]);
    const dir = await mkdtemp(join(tmpdir(), 'cflux-waiting-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const file = join(dir, 'schema.iql');
    await writeFile(file, 'CREATE DATABASE b');
    for (const out of ['Applied as version', 'already matches the file']) {
      const applied = await run(['apply', file, '--yes', '--wait']);
      expect(applied.code, applied.err).toBe(0);
      expect(applied.out).toContain(out);
      expect(applied.err).toContain(`all 2 nodes have version ${await versionOf(manager)}`);
    }
    const status = await run(['status', '--wait', '10s']);
    expect([status.code, status.err]).toEqual([0, '']);
    expect(status.out).toContain('prod: 2 of 2 nodes up to date');
  });

  it('when only the wait fails, the exit code is 7, and the message names the nodes', async () => {
    const { url, run, manager } = await setUp();
    await open(url);
    const stuck = await open(url, { stuck: true });
    const { nodeId } = stuck.status;
    const made = await run(['exec', 'CREATE DATABASE a', '--wait', '--timeout', '300ms']);
    const version = await versionOf(manager);
    expect(made.code).toBe(7);
    expect(made.err).toContain(
      `the change was made as version ${version}, but not all nodes have version ${version}`,
    );
    expect(made.err).toContain(`node ${nodeId} (`);
    const failed = await run(['exec', 'DROP USER nobody', '--wait', '--timeout', '300ms']);
    expect(failed.code).toBe(1);
    const status = await run(['status', '--wait', '300ms', '--cluster', 'prod']);
    expect(status.code).toBe(7);
    expect(status.err).toContain(`node ${nodeId} (`);
    expect(status.out).toMatch(new RegExp(`^prod: 1 of 2 nodes up to date; node ${nodeId} \\(.*\\) `, 'm'));
    expect((await run(['status', '--cluster', 'other'])).code).toBe(3);
    expect((await run(['exec', 'SHOW DATABASES', '--timeout', '3s'])).code).toBe(2);
    expect((await run(['status', '--wait', 'soon'])).code).toBe(2);
    const shown = await run(['nodes', 'prod']);
    expect(shown.out).toMatch(/STATE +HELD +APPLIED +LAG +AGE/);
  });

  it('nodes --watch lists the nodes again after a change, until it is interrupted', async () => {
    const { url, env } = await setUp();
    await open(url);
    const watching = running(['nodes', 'prod', '--watch'], env);
    await watching.line('prod');
    const { status } = await open(url);
    await watching.line(String(status.nodeId));
    expect(watching.lines.filter((line) => line.startsWith('CLUSTER')).length).toBeGreaterThan(1);
    expect(await watching.end()).toBe(0);
  });
});

describe('the summary of the nodes', () => {
  const node = (id: number, more: Partial<NodeInfo>): NodeInfo => ({
    id,
    ip: '',
    hostname: 'host',
    bindAddress: '',
    alive: true,
    kind: 'library',
    ...more,
  });
  const versions = Array.from({ length: 10 }, (_, at) => 20 - at);

  it.each([
    [[], '0 of 0 nodes up to date'],
    [[{ heldVersion: 20 }], '1 of 1 nodes up to date'],
    [[{ heldVersion: 20 }, { heldVersion: 17 }], '1 of 2 nodes up to date; node 1 (host) 3 versions behind'],
    [[{ heldVersion: 19 }], '0 of 1 nodes up to date; node 0 (host) 1 version behind'],
    [[{ heldVersion: 1 }], '0 of 1 nodes up to date; node 0 (host) 10+ versions behind'],
    [[{}], '0 of 1 nodes up to date; node 0 (host) unknown'],
    [[{ heldVersion: 20, duplicate: true }], '0 of 1 nodes up to date; node 0 (host) duplicate'],
    [[{ heldVersion: 1, alive: false }], '0 of 0 nodes up to date'],
    [[{ kind: 'legacy' as const }, { heldVersion: 20 }], '1 of 1 nodes up to date; 1 legacy node unknown'],
    [
      [{ kind: 'agent' as const, heldVersion: 20, appliedVersion: 18 }],
      '0 of 1 nodes up to date; node 0 (host) 2 versions behind',
    ],
    [
      [{ heldVersion: 19, hostname: 'a\u001b[2Jb' }],
      '0 of 1 nodes up to date; node 0 (a\\u{1b}[2Jb) 1 version behind',
    ],
  ])('%j: %s', (nodes, text) => {
    expect(
      nodesSummary(
        nodes.map((more, id) => node(id, more)),
        versions,
      ),
    ).toBe(text);
  });

  it('names five nodes, and counts the others', () => {
    const nodes = Array.from({ length: 8 }, (_, id) => node(id, { heldVersion: 19 }));
    expect(nodesSummary(nodes, versions)).toMatch(/^0 of 8 .*node 4 \(host\) 1 version behind; 3 more, see/);
  });
});
