import { hostname } from 'node:os';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { ManualClock, MemoryStorage } from 'clusterflux/testing';
import { expect, it, onTestFinished } from 'vitest';
import type { HeartbeatRequest, Transport } from '../../src/transport/transport.js';
import { serve } from '../support/serve.js';

/** What is sent by a client that starts with the record of an earlier one. */
async function heartbeatsOfSecondLife(answer: (inner: Transport) => Transport['heartbeat']) {
  const clock = new ManualClock();
  const manager = new Manager({ store: new MemoryStore(), clock });
  const inner: Transport = new LocalTransport(manager);
  const storage = new MemoryStorage();
  const sent: HeartbeatRequest[] = [];
  const transport: Transport = {
    register: (request, options) => inner.register(request, options),
    deregister: (request, options) => inner.deregister(request, options),
    nodes: (request, options) => inner.nodes(request, options),
    push: (request, options) => inner.push(request, options),
    poll: (request, options) => inner.poll(request, options),
    heartbeat: (request, options) => {
      sent.push(request);
      return answer(inner)(request, options);
    },
  };
  const start = async (bindAddress: string) => {
    const client = new CfluxClient(new LocalMetaClient(), { transport, storage, clock, bindAddress });
    await clock.runUntil(client.open());
    return client;
  };
  const first = await start('a:1');
  await clock.runUntil(first.close());
  sent.length = 0;
  const second = await start('b:1');
  onTestFinished(async () => {
    await clock.runUntil(second.close());
    await manager.close();
  });
  await clock.advance(11_000);
  return { sent, nodes: await manager.nodes('default') };
}

it('a node with a known id sends its description with its first heartbeat, and no other', async () => {
  const { sent, nodes } = await heartbeatsOfSecondLife((inner) => inner.heartbeat.bind(inner));
  const [first, ...others] = sent.map(({ node }) => node?.bindAddress);
  expect([first, new Set(others)]).toEqual(['b:1', new Set([undefined])]);
  expect(nodes).toMatchObject([{ bindAddress: 'b:1', hostname: hostname(), alive: true }]);
});

it('a description that did not arrive is sent again', async () => {
  let failures = 0;
  const { sent, nodes } = await heartbeatsOfSecondLife((inner) => async (request, options) => {
    if (request.node !== undefined && failures++ === 0) throw new Error('connection reset');
    return inner.heartbeat(request, options);
  });
  expect(sent.slice(0, 3).map(({ node }) => node?.bindAddress)).toEqual(['b:1', 'b:1', undefined]);
  expect(nodes).toMatchObject([{ bindAddress: 'b:1' }]);
});

it('over HTTP a heartbeat may have the body of a registration; a change is audited once', async () => {
  const audit: string[] = [];
  const { url } = await serve({ audit: ({ action }) => audit.push(action) });
  const registered = await fetch(`${url}/nodes/c`, {
    method: 'POST',
    body: '{"ip":"10.0.0.1,","hostname":"h"}',
  });
  const { id } = JSON.parse(await registered.text());
  const heartbeat = (body?: string) =>
    fetch(`${url}/nodes/c/${id}`, { method: 'PUT', ...(body === undefined ? {} : { body }) });
  const listed = async () => JSON.parse(await (await fetch(`${url}/nodes/c`)).text())[0];
  expect((await heartbeat()).status).toBe(200);
  expect((await heartbeat('')).status).toBe(200);
  expect(await listed()).toMatchObject({ ip: '10.0.0.1,', hostname: 'h', bindAddress: '127.0.0.1' });
  const moved = '{"ip":"10.0.0.2,","hostname":"moved","bindAddress":"moved:1"}';
  expect((await heartbeat(moved)).status).toBe(200);
  expect((await heartbeat(moved)).status).toBe(200);
  expect(await listed()).toMatchObject({
    ip: '10.0.0.2,',
    hostname: 'moved',
    bindAddress: 'moved:1',
    alive: true,
  });
  expect(audit).toEqual(['register', 'update-node']);

  expect((await heartbeat('not JSON')).status).toBe(400);
  expect((await heartbeat(JSON.stringify({ hostname: 'h'.repeat(5_000) }))).status).toBe(400);
  expect((await heartbeat('x'.repeat(70_000))).status).toBe(413);
  expect(await listed()).toMatchObject({ hostname: 'moved' });
  const unknown = await fetch(`${url}/nodes/c/${id + 1}`, { method: 'PUT', body: moved });
  expect([unknown.status, await unknown.text()]).toEqual([404, expect.stringContaining('Key not found')]);
});
