import { describe, expect, it } from 'vitest';
import { RawClient } from '../support/raw-client.js';
import { serve } from '../support/serve.js';

// The requests of the Go legacy client, byte by byte as Go's net/http writes them. Nothing of ours is in them.
const host = 'Host: localhost:8000';
const agent = 'User-Agent: Go-http-client/1.1';
const gzip = 'Accept-Encoding: gzip';

const registration = '{"ip":"10.0.0.1,10.0.0.2,","hostname":"h","bindAddress":"h:8086"}';
// Something like metadata: bytes that are no text.
const snapshot = Buffer.from([0x08, 0x00, 0x10, 0x02, 0x18, 0xff, 0xfe, 0x00, 0x80]);
const changed = Buffer.from([0x08, 0x00, 0x10, 0x03, 0x18, 0xff]);

const register = (client: RawClient, cluster = 'default') => {
  client.send(
    [
      `POST /nodes/${cluster} HTTP/1.1`,
      host,
      agent,
      `Content-Length: ${registration.length}`,
      'Content-Type: application/json',
      gzip,
    ],
    registration,
  );
  return client.answer();
};

const heartbeat = (client: RawClient, id: number | string, cluster = 'default') => {
  client.send([`PUT /nodes/${cluster}/${id} HTTP/1.1`, host, agent, 'Content-Length: 0', gzip]);
  return client.answer();
};

const push = (client: RawClient, version: number | string, body: Buffer, cluster = 'default') => {
  client.send(
    [
      `POST /clusters/${cluster}/versions/${version} HTTP/1.1`,
      host,
      agent,
      `Content-Length: ${body.byteLength}`,
      gzip,
    ],
    body,
  );
  return client.answer();
};

const poll = (client: RawClient, version: number | string, cluster = 'default') => {
  client.send([`GET /clusters/${cluster}/versions/${version} HTTP/1.1`, host, agent, gzip]);
  return client.answer();
};

describe('the legacy client', () => {
  it('registers, and finds its id as a JSON number', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    const answer = await register(client);
    expect(answer.status).toBe(200);
    const json = JSON.parse(answer.body.toString());
    expect(Object.keys(json)).toEqual(['status', 'id', 'expirationDate', 'message', 'metadata']);
    expect(Number.isSafeInteger(json.id) && json.id > 0).toBe(true);
    expect(json.metadata).toEqual({ ip: '10.0.0.1,10.0.0.2,', hostname: 'h', bindAddress: 'h:8086' });
    expect(Date.parse(json.expirationDate)).toBeGreaterThan(Date.now());
  });

  it('is recorded under its remote address if it names none', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    const body = '{"ip":"10.0.0.1,","hostname":"h"}';
    client.send([`POST /nodes/default HTTP/1.1`, host, agent, `Content-Length: ${body.length}`], body);
    expect(JSON.parse((await client.answer()).body.toString()).metadata.bindAddress).toBe('127.0.0.1');
  });

  it('beats and deregisters; an id that was never given is 404 with the words it looks for', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    const { id } = JSON.parse((await register(client)).body.toString());
    expect((await heartbeat(client, id)).status).toBe(200);
    const unknown = await heartbeat(client, id + 1);
    expect(unknown.status).toBe(404);
    expect(unknown.body.toString()).toContain('Key not found');
    expect((await heartbeat(client, id, 'another')).status).toBe(404);
    client.send([`DELETE /nodes/default/${id} HTTP/1.1`, host, agent, gzip]);
    expect((await client.answer()).status).toBe(200);
    const removed = await heartbeat(client, id);
    expect(removed.status).toBe(404);
    expect(removed.body.toString()).toContain('Key not found');
    client.send([`DELETE /nodes/default/${id} HTTP/1.1`, host, agent, gzip]);
    expect((await client.answer()).body.toString()).toContain('Key not found');
  });

  it('pushes at version 0 when it opens, then reads what it pushed', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    const pushed = await push(client, 0, snapshot);
    expect(pushed.status).toBe(200);
    expect(pushed.headers['version']).toMatch(/^[1-9][0-9]+$/);
    const polled = await poll(client, 0);
    expect(polled.status).toBe(200);
    expect(polled.headers['version']).toBe(pushed.headers['version']);
    expect(polled.body).toEqual(snapshot);
  });

  it('pushes to an empty cluster at any version, and gets a higher one', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    const later = Date.now() + 1_000_000;
    const pushed = await push(client, later, snapshot);
    expect(pushed.status).toBe(200);
    expect(Number(pushed.headers['version'])).toBeGreaterThan(later);
  });

  it('loses with 409, the newest version and its snapshot, and wins with that', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    const { version = '' } = (await push(client, 0, snapshot)).headers;
    const lost = await push(client, 0, changed);
    expect(lost.status).toBe(409);
    expect(lost.headers['version']).toBe(version);
    expect(lost.body).toEqual(snapshot);
    const won = await push(client, version, changed);
    expect(won.status).toBe(200);
    expect(Number(won.headers['version'])).toBeGreaterThan(Number(version));
  });

  it('is held while nothing changes, then gets the change (R22)', async () => {
    const { url } = await serve();
    const [poller, pusher] = [await RawClient.connect(url), await RawClient.connect(url)];
    const { version = '' } = (await push(pusher, 0, snapshot)).headers;
    const answer = poll(poller, version);
    // Another request on the same server got its response after it: the poll is held.
    await heartbeat(pusher, 1);
    expect(poller.pending).toBe(0);
    const pushed = await push(pusher, version, changed);
    const changedAnswer = await answer;
    expect(changedAnswer.status).toBe(200);
    expect(changedAnswer.headers['version']).toBe(pushed.headers['version']);
    expect(changedAnswer.body).toEqual(changed);
  });

  it('is held by a cluster without data, at any version, and gets the first push', async () => {
    const { url } = await serve();
    const [poller, pusher] = [await RawClient.connect(url), await RawClient.connect(url)];
    const answer = poll(poller, 7);
    await heartbeat(pusher, 1);
    expect(poller.pending).toBe(0);
    await push(pusher, 0, snapshot);
    expect((await answer).body).toEqual(snapshot);
  });

  it('gets 204 after the hold', async () => {
    const { url } = await serve({ maxPollWait: 50 });
    const client = await RawClient.connect(url);
    const { version = '' } = (await push(client, 0, snapshot)).headers;
    const answer = await poll(client, version);
    expect(answer.status).toBe(204);
    expect(answer.body).toHaveLength(0);
    expect((await poll(client, 3, 'empty')).status).toBe(204);
  });

  it('gets gzip only if it accepts that, and decompresses the pushed bytes', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    const large = Buffer.alloc(20_000, 'shard group ');
    await push(client, 0, large);
    const { gunzipSync } = await import('node:zlib');
    const packed = await poll(client, 0);
    expect(packed.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(packed.body)).toEqual(large);
    client.send(['GET /clusters/default/versions/0 HTTP/1.1', host, agent]);
    const plain = await client.answer();
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body).toEqual(large);
  });

  it('lists nodes with both spellings of the address, in a stable order, and [] for none', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    const list = async (path: string) => {
      client.send([`GET ${path} HTTP/1.1`, host, agent, gzip]);
      return JSON.parse((await client.answer()).body.toString());
    };
    expect(await list('/nodes/default')).toEqual([]);
    const first = JSON.parse((await register(client)).body.toString()).id;
    const second = JSON.parse((await register(client)).body.toString()).id;
    const nodes = await list('/nodes/default');
    expect(nodes.map(({ id }: { id: number }) => id)).toEqual([first, second]);
    expect(nodes[0]).toEqual({
      kind: 'legacy',
      lastSeen: expect.any(Number),
      id: first,
      ip: '10.0.0.1,10.0.0.2,',
      hostname: 'h',
      bindAddress: 'h:8086',
      'bind-address': 'h:8086',
      alive: true,
    });
    const all = await list('/nodes');
    expect(Object.keys(all)).toEqual(['cflux', 'influx']);
    expect(all.cflux).toHaveLength(1);
    expect(all.influx).toMatchObject([{ id: first }, { id: second }]);
  });

  it('writes a space as + under /clusters and in GET /nodes, and a plus is a plus elsewhere', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    await register(client, 'a%20b');
    await register(client, 'a+b');
    await push(client, 0, snapshot, 'a+b');
    const list = async (path: string) => {
      client.send([`GET ${path} HTTP/1.1`, host, agent]);
      return JSON.parse((await client.answer()).body.toString());
    };
    expect(await list('/nodes/a+b')).toHaveLength(1);
    expect(await list('/nodes/a%2Bb')).toHaveLength(1);
    expect((await poll(client, 0, 'a%20b')).body).toEqual(snapshot);
    const clusters = await list('/clusters');
    expect(clusters.map(({ cluster }: { cluster: string }) => cluster)).toEqual(['a b', 'a+b']);
  });

  it('is never redirected, and reads errors as plain text', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    for (const path of [
      '/nodes/',
      '/nodes//1',
      '/clusters',
      '/',
      '/clusters/default/versions/',
      '/nodes/x/',
    ]) {
      client.send([`POST ${path} HTTP/1.1`, host, agent, 'Content-Length: 2'], '{}');
      const { status, headers, body } = await client.answer();
      expect(status, path).toBeGreaterThanOrEqual(400);
      expect(headers['content-type'], path).toBe('text/plain; charset=utf-8');
      expect(body.length, path).toBeGreaterThan(0);
    }
  });

  it('may name versions and ids with digits only', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    for (const version of ['-1', '+1', '1.5', '0x10', '1e3', 'latest', '%31 ', '99999999999999999']) {
      const { status } = await push(client, encodeURIComponent(version), snapshot);
      expect(status, version).toBe(404);
    }
    expect((await heartbeat(client, '1%20')).status).toBe(404);
    client.send(['GET /clusters HTTP/1.1', host, agent]);
    expect(JSON.parse((await client.answer()).body.toString())).toEqual([]);
  });

  it('keeps its connection between two beats', async () => {
    const { url } = await serve();
    const client = await RawClient.connect(url);
    const answer = await register(client);
    expect(answer.headers['connection']).not.toBe('close');
    const timeout = Number(/timeout=(\d+)/.exec(answer.headers['keep-alive'] ?? '')?.[1]);
    expect(timeout).toBeGreaterThanOrEqual(65);
  });
});
