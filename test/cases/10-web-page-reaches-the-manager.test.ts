import { request } from 'node:http';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { expect, it, onTestFinished } from 'vitest';
import { agent } from '../cli/away-agent.js';
import { RawClient } from '../support/raw-client.js';
import { serve } from '../support/serve.js';

type Headers = Readonly<Record<string, string>>;

function statusOf(url: string, method: string, headers: Headers, body = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject).end(body);
  });
}

it('R35: a web page neither reads nor changes what a manager on loopback holds', async () => {
  const { url, manager } = await serve();
  const { port } = new URL(url);
  const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), { cluster: 'own', endpoint: url });
  onTestFinished(() => client.close());
  await client.open();
  await client.createUser('root', 'secret', true);
  const stored = await manager.history('own');

  // What fetch(…, { mode: 'no-cors' }) sends without a preflight request.
  const crossSite = {
    Origin: 'http://page.example',
    'Sec-Fetch-Site': 'cross-site',
    'Content-Type': 'text/plain',
  };
  expect(await statusOf(`${url}/clusters/new/versions/0`, 'POST', crossSite, 'no metadata')).toBe(403);
  expect(await statusOf(`${url}/nodes/new`, 'POST', crossSite, '{}')).toBe(403);
  // The name of the page resolves to loopback by now.
  const host = `page.example:${port}`;
  const rebound = { Host: host, Origin: `http://${host}`, 'Sec-Fetch-Site': 'same-origin' };
  expect(await statusOf(`${url}/clusters/own/versions/0`, 'GET', { ...rebound, Prefer: 'wait=0' })).toBe(403);
  expect(await statusOf(`${url}/clusters/own/versions/${client.status.version}`, 'POST', rebound, 'x')).toBe(
    403,
  );
  expect(await statusOf(`${url}/clusters/own`, 'DELETE', rebound)).toBe(403);

  expect((await manager.clusters()).map(({ cluster }) => cluster)).toEqual(['own']);
  expect(await manager.history('own')).toEqual(stored);
  for (const Host of [`127.0.0.1:${port}`, `localhost:${port}`])
    expect(await statusOf(`${url}/clusters/own/versions/0`, 'GET', { Host, Prefer: 'wait=0' })).toBe(200);
});

it('R24, R35: a refused host name ends the connection, so that masses of its requests take no processor time from others', async () => {
  const { url } = await serve();
  const client = await RawClient.connect(url);
  for (let i = 0; i < 3; i++) client.send(['PUT /nodes/c/1 HTTP/1.1', 'Host: page.example']);
  const { status, headers } = await client.answer();
  expect([status, headers['connection']]).toEqual([403, 'close']);
  await client.closed();
  expect(client.pending).toBe(0);
});

it('R35: a web page does not read the port of an agent', async () => {
  const url = await agent('--host-name', 'cflux.example', '--host-name', 'other.example');
  for (const path of ['/health', '/metrics', '//']) {
    expect(await statusOf(url + path, 'GET', { 'Sec-Fetch-Site': 'cross-site' }), path).toBe(403);
    expect(await statusOf(url + path, 'GET', { Origin: 'null' }), path).toBe(403);
    expect(await statusOf(url + path, 'GET', { Host: 'page.example' }), path).toBe(403);
  }
  for (const Host of ['localhost', 'cflux.example', 'other.example'])
    expect(await statusOf(`${url}/metrics`, 'GET', { Host }), Host).toBe(200);
});
