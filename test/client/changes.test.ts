import { getEventListeners } from 'node:events';
import {
  CfluxClient,
  type CfluxEvents,
  type CfluxOptions,
  cfluxEventNames,
  LocalMetaClient,
  type MetadataChange,
} from 'clusterflux';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import { FakeManager, mockMetaClient } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ChangeStream } from '../../src/client/observe/change-stream.js';
import { EventHub } from '../../src/event-hub.js';

async function open(fake: FakeManager, options: CfluxOptions = {}, meta = new LocalMetaClient()) {
  const client = new CfluxClient(meta, { transport: fake.transport, ...options });
  const events: MetadataChange[] = [];
  client.on('changed', (change) => events.push(change));
  onTestFinished(() => client.close());
  await client.open();
  return { client, events };
}

function fakeManager(): FakeManager {
  const fake = new FakeManager();
  onTestFinished(() => fake.close());
  return fake;
}

describe('changes of the metadata', () => {
  it('are one event each, whichever node made them', async () => {
    const fake = fakeManager();
    const a = await open(fake);
    const seeded = a.client.status.version;
    const b = await open(fake);
    await a.client.createDatabase('a');
    const first = a.client.status.version;
    await b.client.waitForVersion(first);
    await b.client.createDatabase('b');
    const second = b.client.status.version;
    await a.client.waitForVersion(second);
    expect(a.events).toEqual([
      { version: seeded, previousVersion: 0, origin: 'local' },
      { version: first, previousVersion: seeded, origin: 'local' },
      { version: second, previousVersion: first, origin: 'remote' },
    ]);
    expect(b.events).toEqual([
      { version: seeded, previousVersion: 0, origin: 'remote' },
      { version: first, previousVersion: seeded, origin: 'remote' },
      { version: second, previousVersion: first, origin: 'local' },
    ]);
  });

  it('are in the metadata when the event is emitted; a mutation that changes nothing emits none', async () => {
    const { client, events } = await open(fakeManager());
    const seen: unknown[] = [];
    client.on('changed', ({ version }) => {
      seen.push([version === client.status.version, client.meta.data().databases.map(({ name }) => name)]);
    });
    await client.createDatabase('a');
    await client.createDatabase('a');
    expect(seen).toEqual([[true, ['a']]]);
    expect(events).toHaveLength(2);
  });

  it('reach for await one by one, until the client closes', async () => {
    const { client } = await open(fakeManager());
    const changes = client.changes();
    const versions: number[] = [];
    for (const name of ['a', 'b', 'c']) {
      await client.createDatabase(name);
      versions.push(client.status.version);
    }
    await client.close();
    const seen: number[] = [];
    for await (const { version } of changes) seen.push(version);
    expect(seen).toEqual(versions);
    for await (const _ of client.changes()) throw new Error('a closed client has no changes');
  });

  it('end with the reason of the signal, also while the consumer waits, and leave no listener', async () => {
    const { client } = await open(fakeManager());
    const ending = new AbortController();
    const { signal } = ending;
    const waiting = client.changes({ signal }).next();
    ending.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(client.changes({ signal }).next()).rejects.toThrow('enough');
    const alive = new AbortController();
    void client.createDatabase('x');
    for await (const _ of client.changes({ signal: alive.signal })) break;
    for (const each of [signal, alive.signal]) expect(getEventListeners(each, 'abort')).toEqual([]);
  });

  it('of a slow consumer are merged beyond a thousand, so that none is missed', async () => {
    const hub = new EventHub<CfluxEvents>(cfluxEventNames);
    const changes = new ChangeStream(hub, false, undefined);
    const last = 1_005;
    for (let version = 1; version <= last; version++)
      hub.emit('changed', {
        version,
        previousVersion: version - 1,
        origin: version === last - 1 ? 'remote' : 'local',
      });
    hub.emit('closed');
    const seen: MetadataChange[] = [];
    for await (const change of changes) seen.push(change);
    expect(seen).toHaveLength(1_000);
    for (const [at, change] of seen.entries()) expect(change.previousVersion).toBe(at);
    expect(seen.at(-1)).toEqual({ version: last, previousVersion: 999, origin: 'remote' });
  });

  it('of a mock are events too', async () => {
    const client = new CfluxClient(mockMetaClient(), { transport: fakeManager().transport });
    const origins: string[] = [];
    client.on('changed', ({ origin }) => origins.push(origin));
    await client.open();
    await client.createDatabase('a');
    await client.close();
    expect(origins).toEqual(['local', 'local']);
  });
});

describe('await using', () => {
  it('closes a server, a manager and a client', async () => {
    const manager = new Manager({ store: new MemoryStore() });
    const server = await createManagerServer(manager, { port: 0 });
    const client = new CfluxClient(new LocalMetaClient(), { endpoint: server.url });
    await client.open();
    for (const each of [client, server, manager]) await each[Symbol.asyncDispose]();
    expect(client.status.state).toBe('closed');
    await expect(fetch(server.url)).rejects.toThrow();
    await expect(manager.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});
