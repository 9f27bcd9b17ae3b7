import { randomUUID } from 'node:crypto';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { MemoryStore } from 'clusterflux/manager';
import { describe, expect, it } from 'vitest';
import type { Activity } from '../../src/protocol/activity.js';
import { pageDirectory } from '../support/page-directory.js';
import { serve } from '../support/serve.js';

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types cflux-worker";

/** Sends headers that `fetch` does not let a program set. */
function responseTo(url: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      response.resume();
      resolve(response);
    })
      .on('error', reject)
      .end();
  });
}

const statusOf = async (url: string, headers: Readonly<Record<string, string>>) =>
  (await responseTo(url, headers)).statusCode;

const headersOf = async (url: string, headers: Readonly<Record<string, string>>) =>
  (await responseTo(url, headers)).headers;

const push = (
  url: string,
  cluster: string,
  version: number,
  headers: Readonly<Record<string, string>> = {},
) =>
  fetch(`${url}/clusters/${cluster}/versions/${version}`, {
    method: 'POST',
    body: `snapshot after ${version}`,
    headers: { 'Cflux-Mutation': randomUUID(), ...headers },
  });

const activity = async (
  url: string,
  after: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<Activity> => {
  const response = await fetch(`${url}/activity/${after}`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Activity;
};

describe('the files of the dashboard', () => {
  it('R35: are served without a token, with every header of protection, also on errors', async () => {
    const tokens = [{ name: 'reader', token: 'a-token-of-the-reader', scopes: ['read' as const] }];
    const { url } = await serve({}, { ui: await pageDirectory(), tokens });
    for (const [path, status] of [
      ['/ui/', 200],
      ['/ui/index.html', 200],
      ['/ui/code-1a2b.js', 200],
      ['/ui/nothing.js', 404],
      ['/ui/notes.txt', 404],
      ['/ui/..%2fpackage.json', 404],
    ] as const) {
      const response = await fetch(url + path);
      expect(response.status, path).toBe(status);
      expect(response.headers.get('content-security-policy'), path).toBe(policy);
      expect(response.headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(response.headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(response.headers.get('cross-origin-opener-policy'), path).toBe('same-origin');
      expect(response.headers.get('cross-origin-resource-policy'), path).toBe('same-origin');
    }
    for (const [method, path] of [
      ['POST', '/ui/'],
      ['PUT', '/ui/'],
      ['DELETE', '/ui/index.html'],
      ['OPTIONS', '/ui/'],
      ['PUT', '/ui/nothing.js'],
    ] as const) {
      const response = await fetch(url + path, { method });
      expect(response.status, `${method} ${path}`).toBeGreaterThanOrEqual(400);
      expect(response.headers.get('content-security-policy'), `${method} ${path}`).toBe(policy);
      expect(response.headers.get('x-content-type-options'), `${method} ${path}`).toBe('nosniff');
    }
    const foreign = await headersOf(`${url}/ui/`, {
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Dest': 'iframe',
    });
    expect(foreign['content-security-policy']).toBe(policy);
    const redirected = await fetch(`${url}/ui`, { redirect: 'manual' });
    expect(redirected.headers.get('content-security-policy')).toBe(policy);
    expect((await fetch(`${url}/ui/code-1a2b.js`)).headers.get('cache-control')).toContain('immutable');
    expect((await fetch(`${url}/ui/`)).headers.get('cache-control')).toBe('no-cache');
    const headers = { Authorization: 'Bearer a-token-of-the-reader' };
    for (const [path, init, status] of [
      ['/clusters', {}, 401],
      ['/whoami', {}, 401],
      ['/nodes/c/1', { method: 'PUT' }, 401],
      ['/clusters', { headers }, 200],
      ['/status', { headers }, 200],
      ['/clusters/c', { method: 'DELETE', headers }, 403],
      ['/clusters/c/history/1', { headers }, 403],
      ['/nothing', { headers }, 404],
      ['/clusters/%/history', { headers }, 400],
      ['/activity/x', { headers }, 404],
    ] as const) {
      const response = await fetch(url + path, init);
      expect(response.status, path).toBe(status);
      expect(response.headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(response.headers.get('cache-control'), path).toBe('no-store');
    }
  });

  it('are compressed if the client accepts that, and led to by a relative redirect', async () => {
    const { url } = await serve({}, { ui: await pageDirectory() });
    const plain = await fetch(`${url}/ui/`, { headers: { 'Accept-Encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe('<!doctype html><title>page</title>');
    const zipped = await fetch(`${url}/ui/`);
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(await zipped.text()).toBe('<!doctype html><title>page</title>');
    const redirect = await fetch(`${url}/ui`, { redirect: 'manual' });
    expect([redirect.status, redirect.headers.get('location')]).toEqual([308, 'ui/']);
  });

  it('are not served unless the option is set, and a directory without them is refused', async () => {
    const { url } = await serve();
    expect((await fetch(`${url}/ui/`)).status).toBe(404);
    await expect(serve({}, { ui: tmpdir() })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  it('R35: a link of another site opens the page, and its frame and its requests are refused', async () => {
    const { url } = await serve({}, { ui: await pageDirectory() });
    const foreign = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' };
    expect(await statusOf(`${url}/ui/`, { ...foreign, 'Sec-Fetch-Dest': 'document' })).toBe(200);
    expect(await statusOf(`${url}/ui/`, { ...foreign, 'Sec-Fetch-Dest': 'iframe' })).toBe(403);
    for (const path of ['/whoami', '/status', '/activity/0', '/clusters'])
      expect(await statusOf(url + path, { ...foreign, 'Sec-Fetch-Dest': 'document' }), path).toBe(403);
  });
});

describe('the routes of the dashboard', () => {
  it('whoami: the scopes of the token, or that none is required', async () => {
    const token = 'a-token-of-the-reader';
    const tokens = [{ name: 'reader', token, scopes: ['read' as const], cluster: 'prod' }];
    const { url } = await serve({}, { tokens });
    const response = await fetch(`${url}/whoami`, { headers: { Authorization: `Bearer ${token}` } });
    expect(await response.json()).toEqual({ name: 'reader', scopes: ['read'], cluster: 'prod', open: false });
    const open = await serve();
    expect(await (await fetch(`${open.url}/whoami`)).json()).toEqual({ scopes: ['admin'], open: true });
  });

  it('status: totals only for a token of all clusters', async () => {
    const [all, one] = ['a-token-of-all-clusters', 'a-token-of-one-cluster'];
    const { url } = await serve(
      {},
      {
        tokens: [
          { name: 'all', token: all, scopes: ['read'] },
          { name: 'one', token: one, scopes: ['read'], cluster: 'prod' },
        ],
      },
    );
    const statusWith = async (token: string) =>
      (await fetch(`${url}/status`, { headers: { Authorization: `Bearer ${token}` } })).json();
    await statusWith(all);
    expect(await statusWith(all)).toMatchObject({
      store: { name: 'memory', ready: true },
      nodeTtl: 15_000,
      history: 10,
      heldPolls: 0,
      requests: { status: { 200: 1 } },
    });
    const restricted = (await statusWith(one)) as object;
    expect(restricted).not.toHaveProperty('requests');
    expect(restricted).not.toHaveProperty('heldPolls');
  });

  it('activity: a held request completes with the push, its author and its node', async () => {
    const { url, manager } = await serve();
    const { seq } = await activity(url, 0);
    const held = activity(url, seq, { Prefer: 'wait=60' });
    await expect.poll(() => manager.heldPolls).toBe(1);
    const pushed = await push(url, 'prod', 0, { 'Cflux-Node': '7' });
    const found = await held;
    expect(found).toMatchObject({
      manager: manager.id,
      missed: false,
      clusters: ['prod'],
      entries: [
        { action: 'push', cluster: 'prod', version: Number(pushed.headers.get('version')), nodeId: 7 },
      ],
    });
    expect(await activity(url, found.seq)).toMatchObject({ seq: found.seq, entries: [], missed: false });
    expect(manager.heldPolls).toBe(0);
  });

  it('activity: nothing of another cluster for a token of one, not even a wake-up', async () => {
    const token = 'a-token-of-one-cluster';
    const writer = 'a-token-of-the-writer';
    const { url } = await serve(
      {},
      {
        tokens: [
          { name: 'one', token, scopes: ['read'], cluster: 'prod' },
          { name: 'writer', token: writer, scopes: ['write'] },
        ],
      },
    );
    const headers = { Authorization: `Bearer ${token}`, Prefer: 'wait=60' };
    const held = activity(url, 0, headers);
    await push(url, 'other', 0, { Authorization: `Bearer ${writer}` });
    await push(url, 'prod', 0, { Authorization: `Bearer ${writer}` });
    const found = await held;
    expect(found.clusters).toEqual(['prod']);
    expect(found.entries.map(({ cluster, author }) => [cluster, author])).toEqual([['prod', 'writer']]);
  });

  it('activity: a place that the record does not reach is reported as missed', async () => {
    const { url, manager } = await serve();
    for (let version = 0, at = 0; at < 510; at++) {
      const result = await manager.push({
        cluster: 'prod',
        version,
        snapshot: Buffer.from(`${at}`),
        mutation: `m${at}`,
      });
      if (result.kind !== 'committed') throw new Error(result.kind);
      version = result.version;
    }
    const all = await activity(url, 0);
    expect(all.entries).toHaveLength(500);
    expect((await activity(url, 5)).missed).toBe(true);
    expect((await activity(url, all.seq + 1_000)).missed).toBe(true);
    expect((await activity(url, all.seq - 3)).entries).toHaveLength(3);
  });

  it('activity: pushes through another manager on the store are listed once', async () => {
    const store = new MemoryStore();
    const { url } = await serve({ store });
    const other = await serve({ store: store.share() });
    const { seq } = await activity(url, 0);
    await push(other.url, 'prod', 0);
    const found = await activity(url, seq, { Prefer: 'wait=60' });
    expect(found.entries).toMatchObject([{ action: 'push', cluster: 'prod' }]);
    expect((await activity(url, found.seq)).entries).toEqual([]);
  });

  it('R24: held requests of a dashboard take slots of polls', async () => {
    const { url, manager } = await serve({ limits: { heldPolls: 1 } });
    const held = activity(url, 0, { Prefer: 'wait=60' });
    await expect.poll(() => manager.heldPolls).toBe(1);
    expect((await fetch(`${url}/activity/0`, { headers: { Prefer: 'wait=60' } })).status).toBe(429);
    await push(url, 'prod', 0);
    await held;
  });

  it('nodes: a node that shut down has left, one that fell silent has not', async () => {
    const { url, manager } = await serve({ nodeTtl: 300 });
    const ids = [];
    for (const hostname of ['leaver', 'silent'])
      ids.push((await manager.register('prod', { ip: '', hostname })).id);
    await fetch(`${url}/nodes/prod/${ids[0]}`, { method: 'PUT', headers: { 'Cflux-Leaving': 'true' } });
    await expect.poll(async () => (await manager.nodes('prod')).filter(({ alive }) => alive)).toEqual([]);
    expect((await manager.nodes('prod')).map(({ left }) => left)).toEqual([true, undefined]);
  });
});
