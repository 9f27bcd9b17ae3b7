import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TokenEntry } from 'clusterflux/manager';
import { describe, expect, it } from 'vitest';
import { permitting, scopes } from '../../src/manager/http/scopes.js';
import { parseRoute } from '../../src/protocol/parse-route.js';
import type { Route } from '../../src/protocol/routes.js';
import { temporaryDirectory } from '../meta/support/temporary-directory.js';
import { pageDirectory } from '../support/page-directory.js';
import { serve } from '../support/serve.js';

type ScopeName = (typeof scopes)[number];

const tokenOf = (name: string) => `token-of-${name}`.padEnd(32, 'x');
const tokens: readonly TokenEntry[] = [
  ...scopes.map((scope) => ({ name: scope, token: tokenOf(scope), scopes: [scope] })),
  { name: 'read-node', token: tokenOf('read-node'), scopes: ['read', 'node'] },
];

interface Sample {
  readonly method: string;
  readonly target: (known: { readonly id: number; readonly version: number }) => string;
  readonly body?: string;
  /** The status if it is permitted. Default: 200. */
  readonly status?: number;
  /** The scopes that permit it; `[]`: it needs no token. */
  readonly scopes: readonly ScopeName[];
}

const readers: readonly ScopeName[] = ['read', 'metadata', 'write', 'admin'];

/** The compiler requires an entry for every route. */
const samples: Readonly<Record<Route['name'], Sample>> = {
  health: { method: 'GET', target: () => '/health', scopes: [] },
  ready: { method: 'GET', target: () => '/ready', scopes: [] },
  metrics: { method: 'GET', target: () => '/metrics', scopes: readers },
  listAll: { method: 'GET', target: () => '/nodes', scopes: readers },
  listNodes: { method: 'GET', target: () => '/nodes/c', scopes: [...readers, 'node'] },
  listClusters: { method: 'GET', target: () => '/clusters', scopes: readers },
  history: { method: 'GET', target: () => '/clusters/c/history', scopes: readers },
  readVersion: {
    method: 'GET',
    target: ({ version }) => `/clusters/c/history/${version}`,
    scopes: ['metadata', 'write', 'admin'],
  },
  poll: {
    method: 'GET',
    target: () => '/clusters/c/versions/0',
    scopes: ['metadata', 'write', 'node', 'admin'],
  },
  dropOrders: {
    method: 'GET',
    target: () => '/clusters/c/drops?since=0',
    scopes: ['write', 'node', 'admin'],
  },
  push: {
    method: 'POST',
    target: ({ version }) => `/clusters/c/versions/${version}`,
    body: 'next',
    scopes: ['write', 'node', 'admin'],
  },
  patch: {
    method: 'PATCH',
    target: ({ version }) => `/clusters/c/versions/${version}`,
    body: 'not a delta',
    status: 415,
    scopes: ['write', 'node', 'admin'],
  },
  register: { method: 'POST', target: () => '/nodes/c', body: '{}', scopes: ['node', 'admin'] },
  heartbeat: { method: 'PUT', target: ({ id }) => `/nodes/c/${id}`, scopes: ['node', 'admin'] },
  report: {
    method: 'PUT',
    target: ({ id }) => `/nodes/c/${id}/report`,
    body: JSON.stringify({
      version: 0,
      at: 1_790_000_000_000,
      influxdb: { reachable: true },
      drops: false,
      inSync: 0,
      pending: 0,
      refused: 0,
      unmanaged: 0,
      unverified: 0,
      findings: [],
    }),
    scopes: ['node', 'admin'],
  },
  deregister: { method: 'DELETE', target: ({ id }) => `/nodes/c/${id}`, scopes: ['node', 'admin'] },
  deleteCluster: { method: 'DELETE', target: () => '/clusters/c', scopes: ['admin'] },
  whoami: { method: 'GET', target: () => '/whoami', scopes },
  status: { method: 'GET', target: () => '/status', scopes: readers },
  activity: { method: 'GET', target: () => '/activity/0', scopes: readers },
  ui: { method: 'GET', target: () => '/ui/', scopes: [] },
};

const ofCovered = ['/nodes', '/clusters', '/whoami', '/status', '/activity/0'];

const unknownTargets = [
  ['GET', '/'],
  ['GET', '/no/such/route'],
  ['GET', '/nodes/c/1'],
  ['GET', '/nodes/c/1/report'],
  ['POST', '/clusters'],
  ['PUT', '/clusters/c/versions/1'],
  ['DELETE', '/nodes/c'],
  ['GET', '/clusters/c'],
  ['GET', '/clusters/c/versions/x'],
  ['GET', '/clusters/c/history/x'],
  ['PATCH', '/clusters/c/history/1'],
  ['OPTIONS', '/clusters/c/versions/0'],
  ['HEAD', '/nodes'],
  ['HEAD', '/nodes/c'],
  ['HEAD', '/clusters'],
  ['HEAD', '/clusters/c/history'],
  ['HEAD', '/clusters/c/history/1'],
  ['HEAD', '/clusters/c/versions/0'],
] as const;

/** A manager with one version (`secret hash`) and one node of the cluster c. */
async function setUp() {
  const { url } = await serve({}, { tokens, ui: await pageDirectory() });
  const ask = async (method: string, target: string, name?: string, body?: string) => {
    const authorization = name === undefined ? {} : { authorization: `Bearer ${tokenOf(name)}` };
    const response = await fetch(`${url}${target}`, {
      method,
      headers: { prefer: 'wait=0', ...authorization },
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const { id } = JSON.parse((await ask('POST', '/nodes/c', 'admin', '{}')).text) as { id: number };
  const push = await ask('POST', '/clusters/c/versions/0', 'admin', 'secret hash');
  return { ask, known: { id, version: Number(push.headers.get('version')) } };
}

describe.each(Object.entries(samples))(
  'the route %s',
  (name, { method, target, body, scopes: permitted, status: permittedStatus = 200 }) => {
    it('is what its sample requests', () => {
      expect(parseRoute(method, target({ id: 1, version: 1 }))?.name).toBe(name);
    });

    it(`R24: is permitted by ${permitted.join(', ') || 'no scope, because it needs no token'} only`, async () => {
      for (const scope of scopes) {
        const { ask, known } = await setUp();
        const { status, headers, text } = await ask(method, target(known), scope, body);
        if (permitted.length === 0 || permitted.includes(scope)) {
          expect(status, `${scope}: ${text}`).toBe(permittedStatus);
          continue;
        }
        expect(status, scope).toBe(403);
        expect(headers.get('cflux-outcome')).toBe('refused');
        // It names the token, the smallest scope that would do, and what to do.
        expect(text).toContain(`the token "${scope}" lacks the scope ${permitted[0]}`);
        expect(text).toContain(`use a token with the scope ${permitted[0]}`);
      }
      const { ask, known } = await setUp();
      expect((await ask(method, target(known), undefined, body)).status).toBe(
        permitted.length === 0 ? 200 : 401,
      );
    });
  },
);

describe('scopes', () => {
  it('R24: without metadata, write, node or admin no response contains a snapshot', async () => {
    const { ask, known } = await setUp();
    for (const { method, target, body } of Object.values(samples))
      expect((await ask(method, target(known), 'read', body)).text).not.toContain('secret hash');
  });

  it('R24: of one token add up', async () => {
    const { ask, known } = await setUp();
    const statusOf = async ({ method, target, body }: Sample) =>
      (await ask(method, target(known), 'read-node', body)).status;
    expect(await statusOf(samples.listAll)).toBe(200);
    expect(await statusOf(samples.poll)).toBe(200);
    expect(await statusOf(samples.readVersion)).toBe(403);
  });

  it('that are larger permit what they include', () => {
    const permittedBy = (scope: ScopeName) =>
      Object.entries(permitting).flatMap(([name, oneOf]) =>
        oneOf.length === 0 || oneOf.includes(scope) ? [name] : [],
      );
    for (const [larger, smaller] of [
      ['metadata', 'read'],
      ['write', 'metadata'],
      ...scopes.map((scope) => ['admin', scope] as const),
    ] as const)
      expect(permittedBy(larger)).toEqual(expect.arrayContaining(permittedBy(smaller)));
  });

  it.each(unknownTargets)('%s %s is 404 with every token, and 401 without one', async (method, target) => {
    const { ask } = await setUp();
    expect((await ask(method, target)).status).toBe(401);
    for (const scope of scopes) expect((await ask(method, target, scope)).status, scope).toBe(404);
  });

  it.each(['health', 'ready', 'metrics'] as const)('HEAD /%s requires what GET requires', async (name) => {
    const { ask } = await setUp();
    const permitted = samples[name].scopes;
    for (const scope of scopes) {
      const { status, text } = await ask('HEAD', `/${name}`, scope);
      expect(status, scope).toBe(permitted.length === 0 || permitted.includes(scope) ? 200 : 403);
      expect(text).toBe('');
    }
    expect((await ask('HEAD', `/${name}`)).status).toBe(permitted.length === 0 ? 200 : 401);
  });

  it('of a token for one cluster permit nothing in another', async () => {
    const only = scopes.map((scope) => ({
      name: scope,
      token: tokenOf(scope),
      scopes: [scope],
      cluster: 'other',
    }));
    const { url } = await serve({}, { tokens: only });
    for (const scope of scopes) {
      for (const { method, target, body, scopes: permitted } of Object.values(samples)) {
        const path = target({ id: 1, version: 1 });
        // These name no cluster: they are limited to what the token covers.
        if (permitted.length === 0 || ofCovered.includes(path)) continue;
        const headers = { authorization: `Bearer ${tokenOf(scope)}`, prefer: 'wait=0' };
        const init = { method, headers, ...(body === undefined ? {} : { body }) };
        expect((await fetch(`${url}${path}`, init)).status, `${scope}: ${method} ${path}`).toBe(403);
      }
    }
  });
});

describe('a token file of the first release', () => {
  it('is accepted: its read tokens see nodes and versions, its nodes work as before', async () => {
    const file = join(await temporaryDirectory(), 'tokens.toml');
    const entry = (scope: string) =>
      `[[token]]\nname = "${scope}"\ntoken = "${tokenOf(scope)}"\nscopes = ["${scope}"]\n`;
    await writeFile(file, ['read', 'write', 'node', 'admin'].map(entry).join('\n'));
    const { url } = await serve({}, { tokens: file });
    const ask = async (method: string, target: string, scope: string, body?: string) => {
      const headers = { authorization: `Bearer ${tokenOf(scope)}`, prefer: 'wait=0' };
      const init = { method, headers, ...(body === undefined ? {} : { body }) };
      return (await fetch(`${url}${target}`, init)).status;
    };
    expect(await ask('POST', '/nodes/c', 'node', '{}')).toBe(200);
    expect(await ask('POST', '/clusters/c/versions/0', 'node', 'one')).toBe(200);
    expect(await ask('GET', '/clusters/c/versions/0', 'node')).toBe(200);
    expect(await ask('GET', '/nodes/c', 'read')).toBe(200);
    expect(await ask('GET', '/clusters/c/history', 'read')).toBe(200);
    expect(await ask('GET', '/clusters/c/versions/0', 'read')).toBe(403);
    expect(await ask('GET', '/clusters/c/versions/0', 'write')).toBe(200);
    expect(await ask('DELETE', '/clusters/c', 'admin')).toBe(200);
  });
});
