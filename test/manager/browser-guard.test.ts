import { CfluxClient, HttpTransport, LocalMetaClient } from 'clusterflux';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cflux } from '../support/fake-terminal.js';
import { RawClient } from '../support/raw-client.js';
import { serve } from '../support/serve.js';

type Headers = Readonly<Record<string, string>>;

/** The status of a request with just these headers; `Host: localhost` unless they have another one. */
async function send(url: string, line: string, headers: Headers = {}, body = ''): Promise<number> {
  const client = await RawClient.connect(url);
  const all = { Host: 'localhost', 'Content-Length': String(body.length), ...headers };
  client.send([line, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`)], body);
  return client.status();
}

const get = (url: string, headers: Headers = {}, path = '/clusters') =>
  send(url, `GET ${path} HTTP/1.1`, headers);

const tokens = [{ name: 'admin', token: 'admin-admin-admin', scopes: ['admin'] as const }];

describe('R35: a request of a page of another origin', () => {
  it('R35: is refused by Sec-Fetch-Site, on every route, and changes nothing', async () => {
    const { url, manager } = await serve();
    for (const site of ['cross-site', 'same-site', 'Cross-Site', 'none, cross-site'])
      for (const line of [
        'GET /clusters HTTP/1.1',
        'GET /health HTTP/1.1',
        'HEAD /ready HTTP/1.1',
        'GET /metrics HTTP/1.1',
        'GET /unknown HTTP/1.1',
        'GET // HTTP/1.1',
        'GET /clusters/%/history HTTP/1.1',
        'OPTIONS /clusters/c HTTP/1.1',
        'OPTIONS * HTTP/1.1',
        'POST /nodes/c HTTP/1.1',
        'POST /clusters/c/versions/0 HTTP/1.1',
        'DELETE /clusters/c HTTP/1.1',
        'PUT /nodes/c/1 HTTP/1.1',
      ])
        expect(await send(url, line, { 'Sec-Fetch-Site': site }, '{}'), `${site} ${line}`).toBe(403);
    expect(await manager.clusters()).toEqual([]);
  });

  it('R35: is refused before its body is read', async () => {
    const { url } = await serve();
    const page = { 'Sec-Fetch-Site': 'cross-site', 'Content-Length': '100000000' };
    expect(await send(url, 'POST /clusters/c/versions/0 HTTP/1.1', page)).toBe(403);
    const expecting = { ...page, Expect: '100-continue' };
    expect(await send(url, 'POST /clusters/c/versions/0 HTTP/1.1', expecting)).toBe(403);
  });

  it('R35: is refused also with a token, with a certainty that nothing was stored', async () => {
    const { url } = await serve({}, { tokens });
    const authorization = `Bearer ${tokens[0]?.token}`;
    const refused = await fetch(`${url}/nodes/c`, {
      method: 'POST',
      headers: { authorization, 'sec-fetch-site': 'cross-site', accept: 'application/problem+json' },
      body: '{}',
    });
    expect([refused.status, refused.headers.get('cflux-outcome')]).toEqual([403, 'refused']);
    expect(await refused.json()).toMatchObject({ code: 'FORBIDDEN' });
    expect(await get(url, { Authorization: authorization, Host: 'anything.example' })).toBe(200);
  });

  it('R35: may navigate to the dashboard, and to nothing else', async () => {
    const { url } = await serve();
    const page = {
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
    };
    // 404: the guard lets it pass.
    expect(await get(url, page, '/ui/')).toBe(404);
    expect(await get(url, page, '/ui/assets?x')).toBe(404);
    expect(await get(url, { ...page, 'Sec-Fetch-Site': 'same-site' }, '/ui/')).toBe(404);
    for (const path of ['/', '/ui', '/ui?/ui/', '/clusters', '/clusters?/ui/', '/x/ui/', '//ui/', '/%75i/'])
      expect(await get(url, page, path), path).toBe(403);
    expect(await get(url, { ...page, 'Sec-Fetch-Mode': 'no-cors' }, '/ui/')).toBe(403);
    expect(await get(url, { ...page, 'Sec-Fetch-Dest': 'iframe' }, '/ui/')).toBe(403);
    expect(await send(url, 'POST /ui/ HTTP/1.1', page)).toBe(403);
    expect(await get(url, { ...page, Host: 'page.example' }, '/ui/')).toBe(403);
  });

  it('R35: is refused by Origin in a browser that sends no Sec-Fetch-Site', async () => {
    const { url } = await serve({}, { tokens });
    const { host } = new URL(url);
    // 401: the guard lets it pass.
    const own: Headers[] = [
      { Host: host, Origin: `http://${host}` },
      { Host: 'Manager.example:80', Origin: 'http://manager.EXAMPLE' },
      { Host: 'manager.example', Origin: 'https://manager.example:443' },
      { Host: '[0:0:0:0:0:0:0:1]:8000', Origin: 'http://[::1]:8000' },
      { Host: host, 'X-Forwarded-Host': 'manager.example', Origin: 'https://manager.example' },
      { Host: host, 'X-Forwarded-Host': 'manager.example, inner', Origin: 'https://manager.example' },
      { Host: host, 'Sec-Fetch-Site': 'same-origin', Origin: 'https://renamed.by.a.proxy' },
      { Host: host, 'Sec-Fetch-Site': 'none', Origin: 'null' },
    ];
    for (const headers of own) expect(await get(url, headers), JSON.stringify(headers)).toBe(401);
    const others = [
      'http://page.example',
      'null',
      '',
      `http://${host}.page.example`,
      `http://user@${host}`,
      `ftp://${host}`,
      `chrome-extension://${host}`,
      `http://${host}, http://${host}`,
      'http://127.0.0.1',
      host,
    ];
    for (const Origin of others) expect(await get(url, { Host: host, Origin }), Origin).toBe(403);
    const forwarded = { Host: host, 'X-Forwarded-Host': 'manager.example', Origin: 'http://page.example' };
    expect(await get(url, forwarded)).toBe(403);
    expect(await get(url, { Host: host, 'Sec-Fetch-Site': '', Origin: 'http://page.example' })).toBe(403);
  });
});

describe('R35: a request for a foreign host, on an open port of loopback', () => {
  it('R35: is refused, whatever origin the page claims', async () => {
    const { url, manager } = await serve();
    for (const Host of [
      'page.example',
      'page.example:8000',
      'localhost.page.example',
      'localhost..',
      '127.0.0.1.page.example',
      '128.0.0.1',
      '0.0.0.0',
      '[::]',
      '[::2]',
      'x@localhost',
      'localhost:x',
      'localhost/',
      'http://localhost',
      'my-host',
      'localhost, page.example',
    ]) {
      const rebound = { Host, Origin: `http://${Host}`, 'Sec-Fetch-Site': 'same-origin' };
      expect(await get(url, rebound), Host).toBe(403);
      expect(await send(url, 'POST /nodes/c HTTP/1.1', { Host }, '{}'), Host).toBe(403);
      expect(await get(url, { Host, 'Sec-Fetch-Site': 'none' }, '/health'), Host).toBe(403);
    }
    expect(await get(url, { 'X-Forwarded-Host': 'localhost', Host: 'page.example' })).toBe(403);
    expect(await get(url, { Host: 'page.example' }, 'http://localhost/clusters')).toBe(403);
    expect(await get(url, { Host: 'localhost' }, 'http://page.example/clusters')).toBe(403);
    expect(await manager.clusters()).toEqual([]);
  });

  it('R35: is served for every name of loopback, and without a host', async () => {
    const { url } = await serve();
    for (const Host of [
      'localhost',
      'LOCALHOST:8000',
      'localhost.',
      'localhost.:8000',
      'manager.localhost',
      '127.0.0.1:1',
      '127.1',
      '127.9.9.9',
      '[::1]:8000',
      '[0:0:0:0:0:0:0:1]',
      '[::ffff:127.0.0.1]',
      '',
    ])
      expect(await get(url, { Host }), Host).toBe(200);
    const probe = await RawClient.connect(url);
    probe.send(['GET /health HTTP/1.0']);
    expect(await probe.status()).toBe(200);
    expect(await get(url, {}, 'http://127.0.0.1:8000/clusters')).toBe(200);
  });

  it('R35: is served for the configured names, and the error describes how to add one', async () => {
    const hostNames = ['Cflux.Example', '10.1.1.1', '::2', 'dotted.example.'];
    const { url } = await serve({}, { hostNames });
    for (const Host of [
      'cflux.example',
      'CFLUX.example:443',
      'cflux.example.',
      '10.1.1.1:80',
      '[::2]',
      'dotted.example',
    ])
      expect(await get(url, { Host }), Host).toBe(200);
    expect(await get(url, { Host: 'x.cflux.example' })).toBe(403);
    expect(await get(url, { Host: 'cflux.example', 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
    const client = await RawClient.connect(url);
    client.send(['GET /clusters HTTP/1.1', 'Host: page.example']);
    expect((await client.answer()).body.toString()).toMatch(/page\.example.*--host-name/);
  });

  it('R35: a name that could not match is refused at the start', async () => {
    const manager = new Manager({ store: new MemoryStore() });
    onTestFinished(() => manager.close());
    for (const name of ['', 'http://h', 'h:80', 'h:', '[::1]:80', 'h/x', '*.example', 'u@h', 'a b']) {
      const served = createManagerServer(manager, { port: 0, hostNames: [name] });
      await expect(served, name).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringContaining(JSON.stringify(name)),
      });
    }
  });

  it('R35: is served on a port that is bound beyond loopback', async () => {
    const { url } = await serve({}, { host: '0.0.0.0', insecure: true });
    const { port } = new URL(url);
    const near = `http://127.0.0.1:${port}`;
    expect(await get(near, { Host: 'manager.example' })).toBe(200);
    expect(await get(near, { Host: 'manager.example', 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
  });
});

describe('R35: programs pass', () => {
  it('R35: the Go client, this client and cflux, by name and by address', async () => {
    const { url } = await serve();
    const { port } = new URL(url);
    const go = { Host: `127.0.0.1:${port}`, 'User-Agent': 'Go-http-client/1.1', 'Accept-Encoding': 'gzip' };
    expect(await send(url, 'POST /nodes/go HTTP/1.1', go, '{"ip":"10.0.0.1,","hostname":"h"}')).toBe(200);
    for (const host of ['localhost', '127.0.0.1']) {
      const endpoint = `http://${host}:${port}`;
      const client = new CfluxClient(new LocalMetaClient(), {
        cluster: 'prod',
        endpoint,
        retry: { attempts: 1 },
      });
      onTestFinished(() => client.close());
      await client.open();
      await client.createDatabase(host);
      expect((await cflux(['history', 'prod'], { env: { CFLUX_ENDPOINT: endpoint } })).code).toBe(0);
    }
  });

  it('R35: a client that uses an unknown name gets that error at once', async () => {
    const { url } = await serve();
    const { port } = new URL(url);
    const transport = new HttpTransport({ endpoint: `http://0.0.0.0:${port}`, retry: { attempts: 1 } });
    onTestFinished(() => transport.close());
    await expect(transport.nodes({ cluster: 'c' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      retryable: false,
      message: expect.stringContaining('--host-name'),
    });
  });
});
