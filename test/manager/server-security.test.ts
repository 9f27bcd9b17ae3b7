import { createHash } from 'node:crypto';
import { mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AuditEntry,
  createManagerServer,
  Manager,
  type ManagerServerOptions,
  MemoryStore,
  type TokenEntry,
} from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RawClient } from '../support/raw-client.js';
import { serve } from '../support/serve.js';
import { tlsPem } from '../support/tls-fixtures.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const host = 'Host: localhost';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

const tokens: readonly TokenEntry[] = [
  { name: 'reader', token: 'reader-token-0123', scopes: ['read'] },
  { name: 'writer', token: 'writer-token-0123', scopes: ['write'] },
  { name: 'node-a', token: 'node-a-token-0123', scopes: ['node'], cluster: 'a' },
  { name: 'boss', sha256: sha256('admin-token-0123'), scopes: ['admin'] },
  { name: 'boss-a', token: 'admin-a-token-0123', scopes: ['admin'], cluster: 'a' },
];

describe('tokens', () => {
  const statusOf = async (url: string, token: string, method: string, path: string) => {
    const body = method === 'POST' ? (path.startsWith('/nodes') ? '{}' : 'snapshot') : null;
    const headers = { ...bearer(token), prefer: 'wait=0' };
    return (await fetch(`${url}${path}`, { method, body, headers })).status;
  };

  it('are required, and only the right ones are accepted', async () => {
    const { url } = await serve({}, { tokens });
    const get = (headers: Record<string, string>) => fetch(`${url}/clusters`, { headers });
    for (const headers of [
      {},
      bearer('wrong-token-01234'),
      bearer('reader-token-012'),
      bearer('reader-token-01234'),
      { authorization: 'Basic cmVhZGVyOng=' },
      { authorization: 'reader-token-0123' },
      bearer(sha256('admin-token-0123')),
    ]) {
      const answer = await get(headers);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.headers.get('cflux-outcome')).toBe('refused');
    }
    expect((await get(bearer('reader-token-0123'))).status).toBe(200);
    expect((await get({ authorization: 'bearer  admin-token-0123 ' })).status).toBe(200);
    expect((await fetch(`${url}/no/such/route`)).status).toBe(401);
  });

  it('for one cluster see nothing of the others, in no listing', async () => {
    const { url } = await serve({}, { tokens });
    for (const cluster of ['a', 'b']) {
      await statusOf(url, 'admin-token-0123', 'POST', `/clusters/${cluster}/versions/0`);
      await statusOf(url, 'admin-token-0123', 'POST', `/nodes/${cluster}`);
    }
    const get = async (path: string) =>
      (await fetch(`${url}${path}`, { headers: bearer('admin-a-token-0123') })).text();
    expect(JSON.parse(await get('/clusters'))).toMatchObject([{ cluster: 'a' }]);
    expect(JSON.parse(await get('/nodes')).influx).toMatchObject([{ cluster: 'a' }]);
    expect(await statusOf(url, 'admin-a-token-0123', 'GET', '/metrics')).toBe(403);
    expect(await statusOf(url, 'admin-a-token-0123', 'DELETE', '/clusters/b')).toBe(403);
    expect(await statusOf(url, 'admin-a-token-0123', 'GET', '/clusters/%61/versions/0')).toBe(200);
  });

  it('are checked before the body: a client that may not push cannot make the server read', async () => {
    const { url } = await serve({}, { tokens });
    const client = await RawClient.connect(url);
    client.send(['POST /clusters/a/versions/0 HTTP/1.1', host, 'Content-Length: 50000000']);
    expect((await client.answer()).status).toBe(401);
    const polite = await RawClient.connect(url);
    polite.send(['POST /clusters/a/versions/0 HTTP/1.1', host, 'Expect: 100-continue', 'Content-Length: 8']);
    expect((await polite.answer()).status).toBe(401);
  });

  it.each<[string, unknown]>([
    ['the list is empty', []],
    ['name is missing', [{ token: 'reader-token-0123', scopes: ['read'] }]],
    ['either token or sha256', [{ name: 'x', scopes: ['read'] }]],
    [
      'either token or sha256',
      [{ name: 'x', token: 'reader-token-0123', sha256: sha256(''), scopes: ['read'] }],
    ],
    ['64 hexadecimal digits', [{ name: 'x', sha256: 'abc', scopes: ['read'] }]],
    ['16 to 512 characters', [{ name: 'x', token: 'short', scopes: ['read'] }]],
    ['16 to 512 characters', [{ name: 'x', token: 'with blanks in the token', scopes: ['read'] }]],
    ['scopes is missing', [{ name: 'x', token: 'reader-token-0123' }]],
    ['unknown scope "all"', [{ name: 'x', token: 'reader-token-0123', scopes: ['read', 'all'] }]],
    ['cluster must be a name', [{ name: 'x', token: 'reader-token-0123', scopes: ['read'], cluster: 7 }]],
  ])('that are set up wrong are refused: %s', async (message, wrong) => {
    const manager = new Manager({ store: new MemoryStore() });
    onTestFinished(() => manager.close());
    const options = { port: 0, tokens: wrong } as ManagerServerOptions;
    const failure = createManagerServer(manager, options);
    await expect(failure).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(message),
    });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('reader-token') });
  });

  it('from a file are reloaded when it changes; an invalid file is reported, and changes nothing', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cflux-tokens-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const file = join(dir, 'tokens.toml');
    const entry = (name: string) =>
      `[[token]]\nname = "${name}"\ntoken = "${name}-token-0123"\nscopes = ["read"]\n`;
    let changes = 0;
    const replace = async (text: string) => {
      await writeFile(`${file}.new`, text);
      // A change within the same clock tick is detected by size and inode; this one by time as well.
      await utimes(`${file}.new`, 1_000 + changes, 1_000 + changes++);
      await rename(`${file}.new`, file);
    };
    await replace(entry('first'));
    const { ManualClock } = await import('clusterflux/testing');
    const clock = new ManualClock();
    const errors: string[] = [];
    const { url } = await serve({ clock }, { tokens: file, onError: ({ message }) => errors.push(message) });
    const status = async (name: string) =>
      (await fetch(`${url}/clusters`, { headers: bearer(`${name}-token-0123`) })).status;
    expect([await status('first'), await status('second')]).toEqual([200, 401]);
    await replace(`# rotated\n${entry('second')}`);
    await clock.advance(1_000);
    expect([await status('first'), await status('second')]).toEqual([401, 200]);
    await replace('[[token]]\nname = ');
    await clock.advance(1_000);
    expect(await status('second')).toBe(200);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(file);
    await rm(file);
    await clock.advance(1_000);
    expect(await status('second')).toBe(200);
    await replace(entry('third'));
    await clock.advance(1_000);
    expect([await status('second'), await status('third')]).toEqual([401, 200]);
  });

  it('name the author of a change, in the history and in the audit', async () => {
    const audit: AuditEntry[] = [];
    const { url } = await serve({ audit: (entry) => audit.push(entry) }, { tokens });
    const push = await fetch(`${url}/clusters/a/versions/0`, {
      method: 'POST',
      body: 'one',
      headers: { ...bearer('node-a-token-0123'), 'cflux-node': '7' },
    });
    const version = Number(push.headers.get('version'));
    await statusOf(url, 'node-a-token-0123', 'POST', '/clusters/a/versions/0');
    await statusOf(url, 'admin-token-0123', 'POST', '/nodes/a');
    await statusOf(url, 'admin-token-0123', 'DELETE', '/clusters/a');
    const from = { remote: '127.0.0.1' };
    expect(audit).toEqual([
      { action: 'push', cluster: 'a', version, nodeId: 7, author: 'node-a', ...from },
      { action: 'register', cluster: 'a', nodeId: expect.any(Number), author: 'boss', ...from },
      { action: 'delete-cluster', cluster: 'a', author: 'boss', ...from },
    ]);
  });
});

describe('the address', () => {
  const open = async (options: ManagerServerOptions) => {
    const manager = new Manager({ store: new MemoryStore() });
    onTestFinished(() => manager.close());
    const server = await createManagerServer(manager, { port: 0, ...options });
    onTestFinished(() => server.close());
    return server.url;
  };

  it('is loopback by default', async () => {
    expect(await open({})).toMatch(/^http:\/\/127\.0\.0\.1:/);
    expect(await open({ host: 'localhost' })).toMatch(/^http:\/\//);
  });

  it.each(['0.0.0.0', '::', '192.0.2.1', 'manager.example', '::ffff:192.0.2.1', ''])(
    'is not %j without tokens or client certificates',
    async (host) => {
      await expect(open({ host })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    },
  );

  it('may be any with tokens, or with `insecure`', async () => {
    await open({ host: '0.0.0.0', tokens });
    await open({ host: '0.0.0.0', insecure: true });
  });

  it('that is in use is named in the error', async () => {
    const { port } = new URL(await open({}));
    await expect(open({ port: Number(port) })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
  });
});

describe('TLS', () => {
  const serverTls = { cert: tlsPem('server'), key: tlsPem('server-key') };

  const get = (url: string, tls: Record<string, unknown>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const call = request(`${url}/health`, { ca: tlsPem('ca'), agent: false, ...tls }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      call.on('error', reject);
      call.end();
    });

  it('is served, from version 1.2 on', async () => {
    const { url } = await serve({}, { tls: serverTls });
    expect(url).toMatch(/^https:/);
    expect(await get(url, {})).toBe(200);
    await expect(get(url, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
  });

  it('requires client certificates of its authority, and reads their names', async () => {
    const audit: AuditEntry[] = [];
    const { url } = await serve(
      { audit: (entry) => audit.push(entry) },
      { tls: { ...serverTls, ca: tlsPem('ca') }, host: '0.0.0.0' },
    );
    const local = url.replace('0.0.0.0', '127.0.0.1');
    await expect(get(local, {})).rejects.toThrow();
    const certificate = { cert: tlsPem('client'), key: tlsPem('client-key') };
    expect(await get(local, certificate)).toBe(200);
    await new Promise<void>((resolve, reject) => {
      const options = { method: 'POST', ca: tlsPem('ca'), agent: false, ...certificate };
      const call = request(`${local}/clusters/a/versions/0`, options, (answer) => {
        answer.resume();
        answer.once('end', resolve);
      });
      call.on('error', reject);
      call.end('one');
    });
    expect(audit).toMatchObject([{ action: 'push', author: 'node-1' }]);
  });

  it('that can not be used is refused at the start', async () => {
    const manager = new Manager({ store: new MemoryStore() });
    onTestFinished(() => manager.close());
    const wrong = { cert: 'no certificate', key: tlsPem('server-key') };
    await expect(createManagerServer(manager, { port: 0, tls: wrong })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(/^tls: /),
    });
  });
});

describe('hostile input (R24)', () => {
  it('of any name is only a name', async () => {
    const { url } = await serve();
    const names = [
      '__proto__',
      'constructor',
      '../x',
      '%2e%2e',
      'a/b',
      'a b',
      'a+b',
      '\0',
      '🦆',
      'x'.repeat(255),
    ];
    const client = await RawClient.connect(url);
    for (const name of names) {
      const path = `/clusters/${encodeURIComponent(name)}/versions/0`;
      client.send([`POST ${path} HTTP/1.1`, host, 'Content-Length: 3'], 'one');
      expect((await client.answer()).status, name).toBe(200);
    }
    client.send(['POST /clusters/../versions/0 HTTP/1.1', host, 'Content-Length: 3'], 'one');
    expect((await client.answer()).status).toBe(200);
    const listed = JSON.parse(await (await fetch(`${url}/clusters`)).text());
    const clusters = listed.map(({ cluster }: { cluster: string }) => cluster);
    expect(clusters.sort()).toEqual([...names, '..'].sort());
    for (const wrong of ['x'.repeat(256), '%ff', '%', '%C0%AF', '']) {
      const path = wrong.startsWith('%') ? wrong : encodeURIComponent(wrong);
      client.send([`GET /clusters/${path}/versions/0 HTTP/1.1`, host, 'Prefer: wait=0']);
      expect((await client.answer()).status, wrong).toBe(400);
    }
  });

  it('in a registration is refused with the name of the field, and registers no node', async () => {
    const { url } = await serve();
    const register = async (body: string) => {
      const answer = await fetch(`${url}/nodes/a`, { method: 'POST', body });
      return `${answer.status} ${(await answer.text()).trim()}`;
    };
    expect(await register('')).toBe('400 the registration is not JSON');
    expect(await register('[]')).toBe('400 the registration is not a JSON object');
    expect(await register('null')).toBe('400 the registration is not a JSON object');
    expect(await register('{"ip":7}')).toBe('400 ip must be a string');
    expect(await register('{"hostname":["h"]}')).toBe('400 hostname must be a string');
    expect(await register('{"addresses":[1]}')).toBe('400 addresses must be an array of strings');
    expect(await register(`{"ip":"${'x'.repeat(5_000)}"}`)).toBe(
      '400 invalid node description: ip may have at most 4096 characters',
    );
    expect(await register(' '.repeat(70_000))).toMatch(/^413 /);
    expect(await (await fetch(`${url}/nodes/a`)).json()).toEqual([]);
    expect(await register('{"__proto__":{"ip":"x"},"ip":"y"}')).toMatch(/^200 .*"ip":"y"/);
  });

  it('in headers of ours is refused', async () => {
    const { url } = await serve();
    const push = async (headers: Record<string, string>) =>
      (await fetch(`${url}/clusters/a/versions/0`, { method: 'POST', body: 'x', headers })).status;
    expect(await push({ 'cflux-node': 'seven' })).toBe(400);
    expect(await push({ 'cflux-node': '-7' })).toBe(400);
    expect(await push({ 'cflux-mutation': 'x'.repeat(129) })).toBe(400);
    expect(await push({ 'cflux-mutation': 'a b' })).toBe(400);
    expect(await push({ 'cflux-epoch': 'a\tb' })).toBe(400);
    for (const offer of ['x', 'x/', '/7', 'x/0', 'x/-1', 'x/y', `${'x'.repeat(129)}/7`]) {
      expect(await push({ 'cflux-offer': offer }), offer).toBe(400);
    }
  });

  it('that sends more than it may is cut off, and gets the reason', async () => {
    const { url } = await serve({ limits: { snapshotBytes: 100_000 } });
    const stated = await RawClient.connect(url);
    stated.send(['POST /clusters/a/versions/0 HTTP/1.1', host, 'Content-Length: 1000000000']);
    expect((await stated.answer()).status).toBe(413);
    await stated.closed();
    const endless = await RawClient.connect(url);
    endless.send(['POST /clusters/a/versions/0 HTTP/1.1', host, 'Transfer-Encoding: chunked']);
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const pump = setInterval(() => endless.socket.write(chunk), 1);
    onTestFinished(() => clearInterval(pump));
    expect((await endless.answer()).status).toBe(413);
    await endless.closed();
    const asked = await RawClient.connect(url);
    asked.send([
      'POST /clusters/a/versions/0 HTTP/1.1',
      host,
      'Expect: 100-continue',
      'Content-Length: 1000000',
    ]);
    expect((await asked.answer()).status).toBe(413);
  });

  it('that sends Expect: 100-continue gets 100', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    client.send(['POST /clusters/a/versions/0 HTTP/1.1', host, 'Expect: 100-continue', 'Content-Length: 3']);
    client.socket.write('one');
    expect((await client.answer()).status).toBe(200);
  });

  it('that dawdles is cut off', async () => {
    const { url } = await serve({}, { requestTimeout: 300 });
    const head = await RawClient.connect(url);
    head.socket.write('GET /clusters HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    const body = await RawClient.connect(url);
    body.send(['POST /clusters/a/versions/0 HTTP/1.1', host, 'Content-Length: 1000'], 'half');
    const drip = setInterval(() => body.socket.write('x'), 50);
    onTestFinished(() => clearInterval(drip));
    await Promise.all([head.closed(), body.closed()]);
    expect((await fetch(`${url}/clusters`)).status).toBe(200);
    expect(await (await fetch(`${url}/clusters`)).json()).toEqual([]);
  });

  it('that is merely held is not: a held poll is not a slow request', async () => {
    const { url } = await serve({ maxPollWait: 1_500 }, { requestTimeout: 300 });
    expect((await fetch(`${url}/clusters/a/versions/0`)).status).toBe(204);
  });

  it('that ends in the middle stores nothing', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    client.send(['POST /clusters/a/versions/0 HTTP/1.1', host, 'Content-Length: 1000'], 'half of it');
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.socket.destroy();
    const chunked = await RawClient.connect(url);
    chunked.send(
      ['POST /clusters/a/versions/0 HTTP/1.1', host, 'Transfer-Encoding: chunked'],
      '4\r\nhalf\r\n',
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    chunked.socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await (await fetch(`${url}/clusters`)).json()).toEqual([]);
  });

  it.each<[string, string]>([
    ['two lengths', 'Content-Length: 3\r\nContent-Length: 4\r\n\r\none'],
    ['a length and chunks', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n'],
    ['chunks and a length', 'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\none\r\n0\r\n\r\n'],
    ['a blank before the colon', 'Content-Length : 3\r\n\r\none'],
    ['a signed length', 'Content-Length: +3\r\n\r\none'],
    [
      'chunked twice',
      'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n',
    ],
    ['chunked and something else', 'Transfer-Encoding: chunked, identity\r\n\r\n3\r\none\r\n0\r\n\r\n'],
    ['a folded header', 'X: a\r\n b\r\nContent-Length: 3\r\n\r\none'],
    ['a bare CR', 'X: a\rTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\none'],
    ['a NUL', 'X: a\0b\r\nContent-Length: 3\r\n\r\none'],
    ['chunks without an end', 'Transfer-Encoding: chunked\r\n\r\n3 \r\none\r\n0\r\n\r\n'],
  ])('that hides a second request behind %s is refused, and so is what it hides', async (_, rest) => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    const hidden =
      'POST /clusters/hidden/versions/0 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\ntwo';
    client.socket.write(
      `POST /clusters/a/versions/0 HTTP/1.1\r\nHost: localhost\r\n${rest}${hidden}`,
      'latin1',
    );
    await client.closed();
    expect(await (await fetch(`${url}/clusters`)).json()).toEqual([]);
  });

  it('without a host, with an endless head or another protocol is refused', async () => {
    const { url } = await serve();
    const statusOf = async (text: string) => {
      const client = await RawClient.connect(url);
      client.socket.write(text);
      return (await client.answer()).status;
    };
    expect(await statusOf('GET /clusters HTTP/1.1\r\n\r\n')).toBe(400);
    expect(
      await statusOf(`GET /clusters HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`),
    ).toBe(431);
    expect(await statusOf('SSH-2.0-OpenSSH_9.0\r\n\r\n')).toBe(400);
  });
});
