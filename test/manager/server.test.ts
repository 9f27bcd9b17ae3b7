import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { RawClient } from '../support/raw-client.js';
import { serve } from '../support/serve.js';

const host = 'Host: localhost';
const digestOf = (body: Uint8Array | string) =>
  `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

const post = (url: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body, headers });

describe('the HTTP server of a manager', () => {
  it('carries epoch, mutation and digest, and recognizes a repeated mutation (R27)', async () => {
    const { url } = await serve();
    const versions = `${url}/clusters/a/versions`;
    const empty = await fetch(`${versions}/0`, { headers: { prefer: 'wait=0' } });
    expect(empty.status).toBe(204);
    expect(empty.headers.get('version')).toBeNull();
    const epoch = empty.headers.get('cflux-epoch') ?? '';
    expect(epoch).not.toBe('');
    const headers = { 'cflux-epoch': epoch, 'cflux-mutation': 'm-1', 'cflux-node': '7' };
    const pushed = await post(`${versions}/0`, 'one', { ...headers, 'content-digest': digestOf('one') });
    const version = pushed.headers.get('version');
    expect([pushed.status, pushed.headers.get('cflux-epoch')]).toEqual([200, epoch]);
    const again = await post(`${versions}/0`, 'one', headers);
    expect([again.status, again.headers.get('version')]).toEqual([200, version]);
    const lost = await post(`${versions}/0`, 'two', { 'cflux-mutation': 'm-2' });
    expect(lost.status).toBe(409);
    expect(Object.fromEntries(lost.headers)).toMatchObject({
      version,
      'cflux-epoch': epoch,
      'cflux-last-mutation': 'm-1',
      'content-digest': digestOf('one'),
    });
    expect(await lost.text()).toBe('one');
    const same = await fetch(`${versions}/${version}`, {
      headers: { prefer: 'wait=0', 'cflux-mutation': 'm-1' },
    });
    expect([same.status, same.headers.get('version')]).toEqual([204, version]);
    const restored = await fetch(`${versions}/${version}`, { headers: { 'cflux-mutation': 'm-0' } });
    expect([restored.status, restored.headers.get('cflux-last-mutation')]).toEqual([200, 'm-1']);
  });

  it('refuses another epoch with 412, its own epoch, the version, and the outcome that nothing was stored', async () => {
    const { url } = await serve();
    const versions = `${url}/clusters/a/versions`;
    const version = (await post(`${versions}/0`, 'one')).headers.get('version');
    for (const answer of [
      await post(`${versions}/${version}`, 'two', { 'cflux-epoch': 'another' }),
      await fetch(`${versions}/${version}`, { headers: { 'cflux-epoch': 'another' } }),
    ]) {
      expect(answer.status).toBe(412);
      expect(answer.headers.get('cflux-epoch')).toMatch(/^.{22}$/);
      expect(answer.headers.get('version')).toBe(version);
      expect(answer.headers.get('cflux-outcome')).toBe('refused');
    }
  });

  it('collects offers after a loss: 503 and Retry-After, and no word of refusal for what it keeps (R11)', async () => {
    const { url } = await serve({ nodeTtl: 300 });
    const versions = `${url}/clusters/a/versions`;
    const met = await fetch(`${versions}/10`, { headers: { 'cflux-epoch': 'lost' } });
    const epoch = met.headers.get('cflux-epoch') ?? '';
    expect([met.status, met.headers.get('version')]).toEqual([412, '0']);
    const fresh = await post(`${versions}/0`, 'fresh');
    expect(fresh.status).toBe(503);
    expect(fresh.headers.get('retry-after')).toBe('1');
    expect(fresh.headers.get('cflux-outcome')).toBe('refused');
    expect(fresh.headers.get('cflux-epoch')).toBe(epoch);
    const offer = { 'cflux-epoch': epoch, 'cflux-offer': 'lost/10', 'cflux-mutation': 'offered' };
    const kept = await post(`${versions}/0`, 'ten', offer);
    expect([kept.status, kept.headers.get('cflux-outcome')]).toEqual([503, null]);
    const poll = await fetch(`${versions}/0`, { headers: { 'cflux-epoch': epoch } });
    expect([poll.status, await poll.text()]).toEqual([200, 'ten']);
    const settled = await post(`${versions}/0`, 'ten', offer);
    expect([settled.status, settled.headers.get('version')]).toEqual([200, poll.headers.get('version')]);
  });

  it('returns errors as JSON to clients that request JSON', async () => {
    const { url } = await serve();
    const accept = 'application/problem+json, */*';
    const unknown = await fetch(`${url}/nodes/a/7`, { method: 'PUT', headers: { accept } });
    expect(unknown.headers.get('content-type')).toBe('application/problem+json');
    expect(await unknown.json()).toEqual({
      type: 'about:blank',
      status: 404,
      title: 'Not Found',
      detail: 'Key not found: node 7',
      code: 'NODE_NOT_FOUND',
    });
    const plain = await fetch(`${url}/nodes/a/7`, { method: 'PUT', headers: { accept: '*/*' } });
    expect(plain.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  });

  it('takes gzip, and refuses what is none, what is too much unpacked, and another encoding (R24)', async () => {
    const { url } = await serve({ limits: { snapshotBytes: 10_000 } });
    const push = (cluster: string, body: Buffer, headers: Record<string, string>) =>
      post(`${url}/clusters/${cluster}/versions/0`, body, headers);
    const large = Buffer.alloc(10_000, 'x');
    const gzip = { 'content-encoding': 'gzip' };
    const packed = await push('a', gzipSync(large), { ...gzip, 'content-digest': digestOf(large) });
    expect(packed.status).toBe(200);
    const answer = await fetch(`${url}/clusters/a/versions/0`);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(large);
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    // Decompressing it to its end detects that.
    const brokenAtItsEnd = Buffer.concat([bomb.subarray(0, -8), Buffer.alloc(8, 0xff)]);
    const refused = await Promise.all([
      push('b', Buffer.from('no gzip'), gzip),
      push('b', gzipSync(large).subarray(0, 20), gzip),
      push('b', large, { 'content-encoding': 'br' }),
      push('b', bomb, gzip),
      push('b', brokenAtItsEnd, gzip),
      push('b', gzipSync(Buffer.alloc(10_001)), gzip),
      push('b', Buffer.alloc(10_001), {}),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 415, 413, 413, 413, 413]);
    for (const each of refused) expect(each.headers.get('cflux-outcome')).toBe('refused');
    expect((await fetch(`${url}/clusters/b/versions/0`, { headers: { prefer: 'wait=0' } })).status).toBe(204);
  });

  it('refuses a snapshot that does not match its digest', async () => {
    const { url } = await serve();
    for (const name of ['content-digest', 'digest']) {
      const damaged = await post(`${url}/clusters/a/versions/0`, 'onf', { [name]: digestOf('one') });
      expect([damaged.status, damaged.headers.get('cflux-outcome')]).toEqual([400, 'refused']);
    }
    const otherAlgorithm = await post(`${url}/clusters/a/versions/0`, 'one', {
      'content-digest': 'md5=:AAAA:',
    });
    expect(otherAlgorithm.status).toBe(200);
  });

  it('compresses a snapshot for clients that accept gzip, and states the digest of the uncompressed bytes', async () => {
    const { url } = await serve();
    const large = Buffer.alloc(50_000, 'shard group ');
    await post(`${url}/clusters/a/versions/0`, large);
    const client = await RawClient.connect(url);
    const get = async (accept: string) => {
      client.send(['GET /clusters/a/versions/0 HTTP/1.1', host, `Accept-Encoding: ${accept}`]);
      return client.answer();
    };
    for (const accept of ['gzip', 'deflate, gzip;q=0.5', 'GZIP']) {
      const { headers, body } = await get(accept);
      expect(headers['content-encoding'], accept).toBe('gzip');
      expect(headers['content-digest']).toBe(digestOf(large));
      expect(gunzipSync(body)).toEqual(large);
    }
    for (const accept of ['gzip;q=0', 'identity', 'br', '']) {
      const { headers, body } = await get(accept);
      expect(headers['content-encoding'], accept).toBeUndefined();
      expect(body).toEqual(large);
    }
  });

  it('holds a poll as long as it prefers, and forgets it when its client goes', async () => {
    const { url, manager } = await serve();
    const begin = performance.now();
    const answer = await fetch(`${url}/clusters/a/versions/0`, {
      headers: { prefer: 'respond-async, wait=1' },
    });
    expect(answer.status).toBe(204);
    expect(performance.now() - begin).toBeGreaterThan(900);
    const client = await RawClient.connect(url);
    client.send(['GET /clusters/a/versions/0 HTTP/1.1', host]);
    await expect.poll(() => manager.heldPolls).toBe(1);
    client.socket.destroy();
    await expect.poll(() => manager.heldPolls).toBe(0);
  });

  it('#17 leaks: forgets a thousand pollers that are gone, with everything they held', {
    timeout: 60_000,
  }, async () => {
    const { url, manager } = await serve();
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all(Array.from({ length: 100 }, () => RawClient.connect(url)));
      for (const client of clients) client.send(['GET /clusters/a/versions/0 HTTP/1.1', host]);
      await expect.poll(() => manager.heldPolls).toBe(100);
      for (const client of clients) client.socket.destroy();
      await expect.poll(() => manager.heldPolls).toBe(0);
    }
  });

  it("releases a node's poll by its own push, without the snapshot", async () => {
    const { url } = await serve();
    const versions = `${url}/clusters/a/versions`;
    const version = (await post(`${versions}/0`, 'one')).headers.get('version') ?? '';
    const [own, other] = [await RawClient.connect(url), await RawClient.connect(url)];
    own.send([`GET /clusters/a/versions/${version} HTTP/1.1`, host, 'Cflux-Node: 7']);
    other.send([`GET /clusters/a/versions/${version} HTTP/1.1`, host, 'Cflux-Node: 8']);
    const listed = async () => (await fetch(`${url}/clusters`)).json();
    await listed();
    const next = await post(`${versions}/${version}`, 'two', { 'cflux-node': '7', 'cflux-mutation': 'mine' });
    const released = await own.answer();
    expect(released.status).toBe(204);
    expect(released.headers['version']).toBe(next.headers.get('version'));
    expect(released.headers['cflux-last-mutation']).toBe('mine');
    expect((await other.answer()).body.toString()).toBe('two');
  });

  it('keeps the last versions, and hands each out', async () => {
    const { url } = await serve({ keepVersions: 3 });
    let version = '0';
    const all: string[] = [];
    for (let i = 0; i < 5; i++) {
      const answer = await post(`${url}/clusters/a/versions/${version}`, `v${i}`, { 'cflux-node': '7' });
      version = answer.headers.get('version') ?? '';
      all.unshift(version);
    }
    const history = JSON.parse(await (await fetch(`${url}/clusters/a/history`)).text());
    expect(history.map((each: { version: number }) => String(each.version))).toEqual(all.slice(0, 3));
    expect(history[0]).toMatchObject({ size: 2, nodeId: 7 });
    expect(await (await fetch(`${url}/clusters/a/history/${all[2]}`)).text()).toBe('v2');
    expect((await fetch(`${url}/clusters/a/history/${all[3]}`)).status).toBe(404);
    const clusters = JSON.parse(await (await fetch(`${url}/clusters`)).text());
    expect(clusters).toMatchObject([{ cluster: 'a', version: Number(version), nodes: 0 }]);
    expect((await fetch(`${url}/clusters/a`, { method: 'DELETE' })).status).toBe(200);
    expect((await fetch(`${url}/clusters/a`, { method: 'DELETE' })).status).toBe(404);
  });

  it('reports that it is alive, that it is ready, or why not', async () => {
    const { url, manager } = await serve();
    expect((await fetch(`${url}/health`)).status).toBe(200);
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    await manager.close();
    expect((await fetch(`${url}/health`)).status).toBe(200);
    const ready = await fetch(`${url}/ready`);
    expect([ready.status, await ready.text()]).toEqual([
      503,
      'the manager is closing: nothing was stored; use another manager or retry\n',
    ]);
  });

  it('counts what it does, for Prometheus', async () => {
    const { url } = await serve();
    await post(`${url}/clusters/a/versions/0`, 'one');
    await post(`${url}/clusters/a/versions/0`, 'two');
    await post(`${url}/nodes/a`, '{}');
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toMatch(/^cflux_requests_total\{route="push",status="200"\} 1$/m);
    expect(text).toMatch(/^cflux_requests_total\{route="push",status="409"\} 1$/m);
    expect(text).toMatch(/^cflux_nodes\{cluster="a",alive="true"\} 1$/m);
    expect(text).toMatch(/^cflux_cluster_version\{cluster="a"\} \d{13}$/m);
    const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('closing the server', () => {
  it('completes held polls with jitter, and closes their connections', async () => {
    const { url, server, manager } = await serve();
    const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(url)));
    for (const client of clients) client.send(['GET /clusters/a/versions/0 HTTP/1.1', host]);
    await expect.poll(() => manager.heldPolls).toBe(20);
    const silent = await RawClient.connect(url);
    const closing = server.close();
    const answers = await Promise.all(clients.map((client) => client.answer()));
    for (const { status, headers } of answers) {
      expect(status).toBe(503);
      expect(headers['connection']).toBe('close');
      expect(headers['cflux-outcome']).toBe('refused');
    }
    const waits = answers.map(({ headers }) => Number(headers['retry-after']));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1);
    expect(new Set(waits).size).toBeGreaterThan(1);
    silent.socket.destroy();
    await closing;
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  it('is not kept waiting by half a request', async () => {
    const { url, server } = await serve();
    const client = await RawClient.connect(url);
    client.socket.write(
      'POST /clusters/a/versions/0 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf',
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    const begin = performance.now();
    await server.close();
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('finishes a push that is being stored', async () => {
    const { MemoryStore } = await import('clusterflux/manager');
    const store = new MemoryStore();
    const commit = store.commit.bind(store);
    let begun = () => {};
    const storing = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    store.commit = async (request) => {
      begun();
      await held;
      return commit(request);
    };
    const { url, server } = await serve({ store });
    const push = post(`${url}/clusters/a/versions/0`, 'one');
    await storing;
    const closing = server.close();
    release();
    expect((await push).status).toBe(200);
    await closing;
  });
});
