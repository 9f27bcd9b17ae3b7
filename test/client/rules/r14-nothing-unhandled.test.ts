import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CfluxClient, cfluxEventNames, encodeMetadata, LocalMetaClient } from 'clusterflux';
import { ManualClock, randomFaults, seededRandom } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answer, rawServer } from '../../support/raw-server.js';
import { followed, Lab } from './support/lab.js';
import { PlainManager } from './support/plain-manager.js';
import { databasesOf, dataWith, forkingKind, inPlaceKind, wrappedKinds } from './support/wrapped-clients.js';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Bytes that live, in megabytes. */
function heap(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** Replaces the listeners of `event` of this process until the test ends. */
function hearOfProcess(event: 'uncaughtException' | 'unhandledRejection'): unknown[] {
  const heard: unknown[] = [];
  const others = process.listeners(event as 'uncaughtException');
  process.removeAllListeners(event);
  const listener = (error: unknown) => heard.push(error);
  process.on(event, listener);
  onTestFinished(() => {
    process.removeListener(event, listener);
    for (const other of others) process.on(event as 'uncaughtException', other);
  });
  return heard;
}

describe('R14', () => {
  it('R14: a listener that throws at every event breaks no loop and no change; it is not silenced either', async () => {
    const thrown = hearOfProcess('uncaughtException');
    const lab = new Lab();
    const other = await lab.open();
    await lab.run(other.client.createDatabase('theirs'));
    const ours = lab.node({ meta: forkingKind.make(await dataWith(5n, 'own')), pollWait: 5_000 });
    for (const name of cfluxEventNames) {
      ours.client.on(name, () => {
        throw new Error(`listener of ${name}`);
      });
    }
    await lab.run(ours.client.open());
    await lab.run(ours.client.createDatabase('a'));
    await ours.meta.createDatabase('smuggled');
    await lab.run(ours.client.createDatabase('b'));
    ours.network.partitioned = true;
    await lab.run(ours.client.createDatabase('c').catch(() => undefined));
    await lab.clock.advance(30_000);
    ours.network.partitioned = false;
    await lab.world.fake.transport.deregister({ cluster: 'lab', nodeId: ours.client.status.nodeId ?? 0 });
    await lab.clock.advance(60_000);
    await lab.run(other.client.createDatabase('d'));
    await lab.settle([ours]);
    expect(await databasesOf(ours.meta)).toEqual(['theirs', 'a', 'b', 'd']);
    expect(ours.client.status.state).toBe('online');
    await lab.run(ours.client.close());
    await lab.clock.settle();
    const names = new Set(thrown.map((error) => String(error).split(' ').at(-1)));
    expect(names).toEqual(
      new Set(
        cfluxEventNames.filter(
          (name) =>
            !['conflict', 'dropOrdersIgnored', 'duplicateNode', 'epochChanged', 'foreignCluster'].includes(
              name,
            ),
        ),
      ),
    );
  });

  it.each(wrappedKinds)(
    'R14: no rejection is unhandled, whatever fails while nobody listens: $name',
    async (kind) => {
      const unhandled = hearOfProcess('unhandledRejection');
      const lab = new Lab(11);
      const random = seededRandom(11);
      const ours = await lab.open({ meta: kind.make(), pollWait: 3_000 });
      const other = await lab.open();
      const faults = randomFaults(random, { lose: 0.3, refuse: 0.3, duplicate: 0.1, maxDelay: 800 });
      for (let i = 0; i < 400; i++) {
        for (const call of ['push', 'poll', 'heartbeat', 'register'] as const)
          ours.network.failNext(call, faults(call));
      }
      ours.disk.beforeWrite = () => {
        if (random() < 0.2) throw new Error('no space left on device');
      };
      for (let i = 0; i < 40; i++) {
        followed(ours.client.createDatabase(`a${i}`));
        followed(ours.client.mutate(() => Promise.reject(new Error('own mistake')), { timeout: 500 }));
        followed(other.client.createDatabase(`b${i}`));
        if (i % 10 === 5) followed(ours.client.refresh());
        if (i === 12) await lab.world.wipeManager();
        await lab.clock.advance(1_000);
      }
      const late = followed(ours.client.createDatabase('late'));
      ours.disk.beforeWrite = () => undefined;
      await lab.run(ours.client.close());
      await new Promise((resolve) => setTimeout(resolve, 0));
      expect(late.state).not.toBe('pending');
      expect(unhandled).toEqual([]);
    },
  );

  it('R14: a caller’s signal that lives long gathers no listeners', async () => {
    const lab = new Lab();
    const { signal } = new AbortController();
    const ours = lab.node();
    await lab.run(ours.client.open({ signal }));
    const { client } = ours;
    for (let i = 0; i < 40; i++) {
      await lab.run(client.mutate((meta) => meta.createDatabase(`d${i % 3}`), { signal }));
      await lab.run(client.refresh({ signal }));
      await lab.run(client.nodes({ signal }));
      await lab.run(client.waitForVersion(1, { signal }));
      const waiting = client.waitForVersion(2 ** 50, { signal, timeout: 10 }).catch(() => undefined);
      await lab.run(waiting);
    }
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('R14: the client’s own signals, timers and heap do not grow in a long life', async () => {
    const { open } = countAbortListeners();
    const clock = new ManualClock();
    const manager = new PlainManager(clock, 'one');
    const meta = forkingKind.make();
    const client = new CfluxClient(meta, {
      transport: manager,
      clock,
      pollWait: 1_000,
      heartbeatInterval: 1_000,
    });
    await clock.runUntil(client.open());
    const live = async (beats: number) => {
      for (let i = 0; i < beats; i += 100) {
        await clock.advance(100_000);
        await clock.runUntil(client.createDatabase(`d${i % 7}`));
        manager.versions.splice(0, manager.versions.length - 1);
        manager.polls.length = 0;
        manager.pushes.length = 0;
      }
    };
    await live(500);
    const before = { listeners: open(), timers: clock.timers, heap: heap() };
    await live(2_000);
    expect(open()).toBe(before.listeners);
    expect(clock.timers).toBe(before.timers);
    expect(heap() - before.heap).toBeLessThan(2);
    await clock.runUntil(client.close());
    expect(clock.timers).toBe(0);
  });

  it('R14: thousands of cycles of open and close leave no timer, no listener and a flat heap', async () => {
    const clock = new ManualClock();
    const manager = new PlainManager(clock, 'one');
    manager.store(encodeMetadata(await dataWith(1n, 'a')));
    const meta = new LocalMetaClient();
    const { signal } = new AbortController();
    const processListeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const cycles = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const client = new CfluxClient(meta, { transport: manager, clock });
        await client.open({ signal });
        await client.close();
        manager.polls.length = 0;
        manager.nodesKnown.clear();
      }
    };
    await cycles(1_000);
    const before = { heap: heap(), process: processListeners() };
    await cycles(Number(process.env['CYCLES'] ?? 3_000));
    expect(clock.timers).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(processListeners()).toEqual(before.process);
    expect(heap() - before.heap).toBeLessThan(2);
  });

  it('R14: no socket is left after close()', async () => {
    const snapshot = encodeMetadata(await dataWith(1n, 'a'));
    const server = await rawServer(({ method, path }, socket) => {
      if (method === 'POST' && path.startsWith('/nodes/')) socket.write(answer(200, {}, '{"id":1}'));
      else if (method === 'PUT') socket.write(answer(200));
      else if (path.endsWith('/0')) socket.write(answer(200, { Version: 5 }, snapshot));
    });
    const client = new CfluxClient(new LocalMetaClient(), { endpoint: server.url, heartbeatInterval: 20 });
    await client.open();
    const beats = new Promise<void>((resolve) => {
      let count = 0;
      client.on('heartbeat', () => (++count === 3 ? resolve() : undefined));
    });
    const change = followed(client.createDatabase('b'));
    await beats;
    expect(server.open).toBeGreaterThan(0);
    await client.close({ timeout: 10 });
    while (server.open > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(change).toMatchObject({ error: { code: 'UNKNOWN_OUTCOME' } });
  });

  it('R14: two clients of one process do not disturb each other', async () => {
    const thrown = hearOfProcess('uncaughtException');
    const lab = new Lab();
    const ours = await lab.open();
    const other = await lab.open({ meta: inPlaceKind.make() });
    const elsewhere = await lab.open({ cluster: 'elsewhere' });
    other.client.on('heartbeat', () => {
      throw new Error('listener');
    });
    // Each is in the middle of something when the others are.
    other.network.failNext('push', { lose: 'request' });
    const inside = ours.client.mutate(async (meta) => {
      await lab.clock.settle();
      await elsewhere.client.createDatabase('inside');
      return meta.createDatabase('a');
    });
    const beside = other.client.createDatabase('b');
    await lab.run(Promise.all([inside, beside]));
    await lab.run(elsewhere.client.close());
    await lab.clock.advance(60_000);
    await lab.run(ours.client.createDatabase('c'));
    await lab.settle([ours, other]);
    expect(await databasesOf(other.meta)).toEqual(await databasesOf(ours.meta));
    expect((await databasesOf(ours.meta)).sort()).toEqual(['a', 'b', 'c']);
    expect(ours.heard('heartbeat').length).toBeGreaterThan(10);
    expect(other.heard('heartbeat').length).toBeGreaterThan(10);
    expect(ours.events.some(({ name }) => name === 'closed')).toBe(false);
    expect(thrown.length).toBeGreaterThan(10);
  });
});

/** Counts the listeners of all abort signals until the test ends. */
function countAbortListeners(): { open: () => number } {
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const listeners = new Map<object, Set<unknown>>();
  const isCounted = (target: unknown, type: string): target is AbortSignal =>
    target instanceof AbortSignal && type === 'abort' && !target.aborted;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    if (isCounted(this, type)) {
      const own = listeners.get(this) ?? new Set();
      listeners.set(this, own.add(listener));
    }
    Reflect.apply(addEventListener, this, [type, listener, options]);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    const own = listeners.get(this);
    if (own?.delete(listener) && own.size === 0) listeners.delete(this);
    Reflect.apply(removeEventListener, this, [type, listener, options]);
  };
  onTestFinished(() => {
    Object.assign(EventTarget.prototype, { addEventListener, removeEventListener });
  });
  const open = () => {
    let count = 0;
    // An aborted signal has notified its listeners, and keeps none.
    for (const [signal, own] of listeners) {
      if (signal instanceof AbortSignal && signal.aborted) listeners.delete(signal);
      else count += own.size;
    }
    return count;
  };
  return { open };
}
