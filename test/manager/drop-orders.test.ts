import { HttpTransport } from 'clusterflux';
import {
  type AuditEntry,
  createManagerServer,
  LocalTransport,
  Manager,
  MemoryStore,
} from 'clusterflux/manager';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeDrops, encodeDrops, maxDropsHeader } from '../../src/protocol/drop-orders.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const tokens = (['read', 'metadata', 'write', 'node', 'admin'] as const).map((scope) => ({
  name: scope,
  token: `token-for-${scope}-only`,
  scopes: [scope],
}));

async function serve(options: { readonly withTokens?: boolean } = {}) {
  const audited: AuditEntry[] = [];
  const manager = new Manager({ store: new MemoryStore(), audit: (entry) => audited.push(entry) });
  const server = await createManagerServer(manager, {
    port: 0,
    ...(options.withTokens ? { tokens } : {}),
  });
  closing.push(
    () => manager.close(),
    () => server.close(),
  );
  const push = (headers: Record<string, string>, version = 0, scope = 'admin') =>
    fetch(`${server.url}/clusters/c/versions/${version}`, {
      method: 'POST',
      body: 'snapshot',
      headers: { authorization: `Bearer token-for-${scope}-only`, ...headers },
    });
  return { manager, server, audited, push };
}

const x = { kind: 'database', database: 'x' } as const;

describe('drop orders at a manager', () => {
  it('R36: stores the orders of a push with its version, and states it', async () => {
    const { server, audited, push } = await serve();
    const drops = encodeDrops({ orders: [{ ...x, author: 'ana' }] });
    const stored = await push({ 'cflux-drops': drops, 'cflux-mutation': 'm' });
    expect(stored.status).toBe(200);
    expect(stored.headers.get('cflux-drops')).toBe('stored');
    const version = Number(stored.headers.get('version'));
    const plain = await push({}, version);
    expect(plain.headers.has('cflux-drops')).toBe(false);
    const answer = await fetch(`${server.url}/clusters/c/drops?since=0`);
    const newest = Number(plain.headers.get('version'));
    expect(answer.headers.get('version')).toBe(String(newest));
    expect(answer.headers.get('cflux-epoch')).toBe(stored.headers.get('cflux-epoch'));
    expect(await answer.json()).toEqual({
      version: newest,
      completeFrom: 0,
      orders: [{ ...x, author: 'ana', version, mutation: 'm', at: expect.any(Number) }],
    });
    expect(audited.map(({ action }) => action)).toEqual(['push', 'order-drop', 'push']);
    expect(audited[1]).toMatchObject({ cluster: 'c', version, drops: [x] });
  });

  it('R36: responds to another epoch as to a poll, and starts no collection of offers', async () => {
    const { server, push } = await serve();
    const before = await fetch(`${server.url}/clusters/c/drops?since=7`, {
      headers: { 'cflux-epoch': 'another' },
    });
    expect(before.status).toBe(412);
    expect(before.headers.get('version')).toBe('0');
    const first = await push({});
    expect(first.status).toBe(200);
    const epoch = first.headers.get('cflux-epoch') ?? '';
    const other = await fetch(`${server.url}/clusters/c/drops`, { headers: { 'cflux-epoch': 'another' } });
    expect(other.status).toBe(412);
    expect(other.headers.get('version')).toBe(first.headers.get('version'));
    const transport = new HttpTransport({ endpoint: server.url });
    closing.push(() => transport.close());
    const request = { cluster: 'c', since: 0 };
    expect(await transport.dropOrders({ ...request, epoch: 'another' })).toMatchObject({
      kind: 'epochMismatch',
      epoch,
    });
    expect(await transport.dropOrders({ ...request, epoch })).toMatchObject({
      kind: 'dropOrders',
      orders: [],
    });
  });

  it('R24, R36: refuses headers that are not drop orders, and stores nothing', async () => {
    const { server, push } = await serve();
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const invalid = [
      'not base64url!',
      encoded([]),
      encoded({ orders: {} }),
      encoded({ orders: [{ kind: 'user', user: 'u' }] }),
      encoded({ orders: [{ kind: 'database' }] }),
      encoded({ orders: [{ kind: 'database', database: '' }] }),
      encoded({ orders: [{ kind: 'database', database: '_internal' }] }),
      encoded({ orders: [{ kind: 'retentionPolicy', database: 'x', policy: '' }] }),
      encoded({ orders: [{ kind: 'retentionPolicy', database: 'x' }] }),
      encoded({ orders: [{ ...x, author: 7 }] }),
      encoded({ revoke: {} }),
      encoded({ revoke: { above: -1 } }),
      encoded({ revoke: { above: 1, items: [{}] } }),
      'A'.repeat(maxDropsHeader + 1),
    ];
    for (const header of invalid) {
      const refused = await push({ 'cflux-drops': header });
      expect(refused.status, header).toBe(400);
      expect(refused.headers.get('cflux-outcome')).toBe('refused');
    }
    for (const since of ['x', '-1', '1.5', '99999999999999999999']) {
      expect((await fetch(`${server.url}/clusters/c/drops?since=${since}`)).status, since).toBe(400);
    }
    expect((await push({ 'cflux-drops': encodeDrops({ orders: [x] }) })).status).toBe(200);
  });

  it('R36: takes a confirmation for all servers from the scope admin only', async () => {
    const { audited, push } = await serve({ withTokens: true });
    const drops = { 'cflux-drops': encodeDrops({ orders: [x], confirmed: true }) };
    for (const scope of ['write', 'node']) {
      const refused = await push(drops, 0, scope);
      expect(refused.status).toBe(403);
      expect(await refused.text()).toContain('admin');
    }
    expect((await push(drops, 0, 'admin')).headers.get('cflux-drops')).toBe('stored');
    expect(audited.at(-1)).toMatchObject({ action: 'confirm-drops', author: 'admin', drops: [x] });
  });

  it('R36: connects clients in the same process too', async () => {
    const { manager } = await serve();
    const transport = new LocalTransport(manager);
    const snapshot = new Uint8Array([1]);
    const request = { cluster: 'c', version: 0, snapshot, mutation: 'm', drops: { orders: [x] } };
    const stored = await transport.push(request);
    expect(stored).toMatchObject({ kind: 'committed', hasDrops: true });
    expect(await transport.dropOrders({ cluster: 'c', since: 0 })).toMatchObject({ orders: [x] });
  });

  it('encodes every name', () => {
    for (const name of ['é', '"\\\n', '\u0000', '💧', 'x'.repeat(255), '__proto__']) {
      const orders = [{ kind: 'retentionPolicy', database: name, policy: name, author: name }] as const;
      expect(decodeDrops(encodeDrops({ orders }))).toEqual({ orders });
    }
  });
});
