import { CfluxClient, HttpTransport, LocalMetaClient, type Transport } from 'clusterflux';
import { createManagerServer, EtcdStore, Manager } from 'clusterflux/manager';
import { transportContract } from 'clusterflux/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type EtcdCluster, startEtcd } from '../support/etcd.js';
import { ResponsiveTime } from '../support/responsive-time.js';
import { describeWithServer } from '../support/servers.js';

/** Makes every call through the next of `transports`, as a load balancer does. */
function alternating(transports: readonly Transport[]): Transport {
  let calls = 0;
  const next = (): Transport => {
    const transport = transports[calls++ % transports.length];
    if (transport === undefined) throw new Error('no transport');
    return transport;
  };
  return {
    retries: true,
    register: (...args) => next().register(...args),
    heartbeat: (...args) => next().heartbeat(...args),
    deregister: (...args) => next().deregister(...args),
    nodes: (...args) => next().nodes(...args),
    push: (...args) => next().push(...args),
    poll: (...args) => next().poll(...args),
    close: async () => {
      await Promise.all(transports.map((transport) => transport.close?.()));
    },
  };
}

describeWithServer('etcd', 'several managers on one etcd', () => {
  let etcd: EtcdCluster;
  let prefixes = 0;

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.close());

  async function serveManagers(count: number) {
    const prefix = `/managers-${prefixes++}/`;
    const serving = await Promise.all(
      Array.from({ length: count }, async () => {
        const manager = new Manager({ store: new EtcdStore({ endpoints: etcd.endpoints, prefix }) });
        return { manager, server: await createManagerServer(manager, { port: 0 }) };
      }),
    );
    const close = async () => {
      for (const { manager, server } of serving) {
        await server.close();
        await manager.close();
      }
    };
    return { urls: serving.map(({ server }) => server.url), close };
  }

  async function managersForTest(count = 2) {
    const { urls, close } = await serveManagers(count);
    onTestFinished(close);
    return urls;
  }

  async function nodeAt(endpoint: string): Promise<CfluxClient<LocalMetaClient>> {
    const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), { endpoint, cluster: 'c' });
    onTestFinished(() => client.close());
    await client.open();
    return client;
  }

  describe('each call through another manager', () => {
    const connect = async () => {
      const { urls, close } = await serveManagers(2);
      return { transport: alternating(urls.map((endpoint) => new HttpTransport({ endpoint }))), close };
    };
    for (const { name, run } of transportContract(connect)) it(name, run);
  });

  it('bring a change of one manager’s node to the other’s, and let its user in there', async () => {
    const [here = '', there = ''] = await managersForTest();
    const [first, second] = [await nodeAt(here), await nodeAt(there)];
    await first.createDatabase('telegraf');
    await first.createUser('ada', 'secret', true);
    await second.waitForVersion(first.status.version);
    expect((await second.database('telegraf'))?.defaultRetentionPolicy).toBe('autogen');
    expect(await second.authenticate('ada', 'secret')).toMatchObject({ name: 'ada', admin: true });
    expect(second.status.epoch).toBe(first.status.epoch);
  });

  it('R26: changes that collide across managers are each made once, and each conflicts about once', async () => {
    const urls = await managersForTest(3);
    const nodes = await Promise.all([...urls, ...urls].map(nodeAt));
    await nodes[0]?.createDatabase('db');
    const rounds: number[] = [];
    for (const node of nodes) node.on('pushed', (event) => rounds.push(event.rounds));
    const names = nodes.flatMap((_, node) => Array.from({ length: 5 }, (_, change) => `s-${node}-${change}`));
    await Promise.all(
      nodes.map(async (node, number) => {
        for (let change = 0; change < 5; change++) {
          await node.createSubscription('db', 'autogen', `s-${number}-${change}`, 'ALL', ['udp://h:1']);
        }
      }),
    );
    for (const node of nodes) {
      await node.refresh();
      const { subscriptions = [] } = (await node.retentionPolicy('db', 'autogen')) ?? {};
      expect(subscriptions.map(({ name }) => name).sort()).toEqual([...names].sort());
    }
    expect(rounds).toHaveLength(30);
    expect(Math.max(...rounds)).toBeLessThanOrEqual(5);
    expect(rounds.reduce((sum, each) => sum + each) / rounds.length).toBeLessThanOrEqual(3);
  });

  it('R11: that collect offers at once, each with a next epoch of its own, end with one history', async () => {
    const store = { endpoints: etcd.endpoints, prefix: `/managers-${prefixes++}/` };
    const managers = Array.from({ length: 2 }, () => {
      const manager = new Manager({ store: new EtcdStore(store), nodeTtl: 500 });
      onTestFinished(() => manager.close());
      return manager;
    });
    const [here, there] = managers as [Manager, Manager];
    const epoch = await here.epoch('c');
    const ask = { cluster: 'c', epoch, wait: 0 };
    // Both had a version that this etcd has not: it was restored from before the first one.
    const metHere = await here.poll({ ...ask, version: 10 });
    const metThere = await there.poll({ ...ask, version: Date.now() + 1_000_000 });
    expect(metHere.epoch).not.toBe(metThere.epoch);
    const offerTo = (manager: Manager, notified: string | undefined, version: number) => {
      const snapshot = new TextEncoder().encode(`offer ${version}`);
      const offer = { epoch, version };
      const mutation = `offer-${version}`;
      return manager.push({ cluster: 'c', version: 0, epoch: notified, snapshot, mutation, offer });
    };
    // A balancer brings each offer to the manager that did not ask for it.
    await expect(offerTo(there, metHere.epoch, 10)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(offerTo(here, metThere.epoch, 12)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    const held = await Promise.all(
      managers.map((manager) => manager.poll({ cluster: 'c', version: 0, wait: 30_000 })),
    );
    const [one, two] = held;
    expect(one).toMatchObject({ kind: 'snapshot' });
    expect(two).toMatchObject({ kind: 'snapshot', epoch: one?.epoch });
    expect(one?.epoch).not.toBe(epoch);
    // A node that slept through it notices, at either of them.
    for (const manager of managers) {
      const late = await manager.poll({ ...ask, version: 11 });
      expect(late).toMatchObject({ kind: 'epochMismatch', epoch: one?.epoch });
      expect(await manager.history('c')).toHaveLength(1);
    }
  });

  it('R26: a faulty node behind a load balancer does not delay others repeatedly, at whichever manager it pushes', async () => {
    const urls = await managersForTest(3);
    const nodes = await Promise.all(urls.map(nodeAt));
    await nodes[0]?.createDatabase('a');
    const at = (number: number) => urls[number % urls.length] ?? '';
    const old = await fetch(`${at(0)}/clusters/c/versions/0`);
    const base = Number(old.headers.get('version'));
    const body = Buffer.from(await old.arrayBuffer());
    await nodes[0]?.createDatabase('b');
    let isOver = false;
    const beSick = async (headers: Record<string, string>) => {
      for (let tries = 0; !isOver; tries++) {
        const answer = await fetch(`${at(tries)}/clusters/c/versions/${base}`, {
          method: 'POST',
          body,
          headers,
        });
        await answer.arrayBuffer();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const sick = [beSick({ 'cflux-node': '991' }), beSick({ 'cflux-node': '992' }), beSick({})];
    const rounds: number[] = [];
    for (const node of nodes) node.on('pushed', (event) => rounds.push(event.rounds));
    await Promise.all(
      nodes.map(async (node, number) => {
        for (let change = 0; change < 10; change++) await node.createDatabase(`d-${number}-${change}`);
      }),
    );
    isOver = true;
    await Promise.all(sick);
    expect(rounds).toHaveLength(30);
    expect(rounds.reduce((sum, each) => sum + each) / rounds.length).toBeLessThanOrEqual(3);
  });

  it('R26: what a requester wasted at one manager, others know of', async () => {
    const prefix = `/managers-${prefixes++}/`;
    const managers = [0, 1].map(
      () => new Manager({ store: new EtcdStore({ endpoints: etcd.endpoints, prefix }), conflictHold: 2_000 }),
    );
    onTestFinished(async () => {
      for (const manager of managers) await manager.close();
    });
    let mutations = 0;
    const push = async (manager: number, nodeId: number, version: number) => {
      const request = {
        cluster: 'c',
        version,
        snapshot: Buffer.from('x'),
        mutation: `m${mutations++}`,
        nodeId,
      };
      const result = await managers[manager]?.push(request);
      if (result === undefined || result.kind === 'epochMismatch') throw new Error('no answer');
      return result;
    };
    const { version } = await push(0, 1, 0);
    const order: string[] = [];
    const noted = (name: string, result: ReturnType<typeof push>) =>
      result.then(({ kind }) => order.push(`${name} ${kind}`));
    // Longer than others are patient with a place that gives no sign: the option counts here as well.
    const sick = await push(0, 2, 0);
    expect(sick).toMatchObject({ kind: 'conflict', version });
    const waiting = noted('other', push(1, 3, version));
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(order).toEqual([]);
    await waiting;
    // It ran out, and is not given again, wherever it comes.
    const newest = (await managers[0]?.history('c'))?.[0]?.version ?? 0;
    expect(await push(1, 2, 0)).toMatchObject({ kind: 'conflict', version: newest });
    expect(await push(0, 2, 0)).toMatchObject({ kind: 'conflict', version: newest });
    const time = new ResponsiveTime();
    const next = await push(0, 3, newest);
    expect(next).toMatchObject({ kind: 'committed' });
    expect(time.ms).toBeLessThan(1_500);
    time.stop();
    // From what it was shown it is given another, and comes to the other manager in time.
    const shown = await push(0, 2, newest);
    const other = push(0, 3, next.version);
    expect(await push(1, 2, shown.version)).toMatchObject({ kind: 'committed' });
    expect(await other).toMatchObject({ kind: 'conflict' });
  });

  it('R23: see the same nodes alive, wherever those beat, and list each other', async () => {
    const urls = await managersForTest();
    const clients = await Promise.all(urls.map(nodeAt));
    // They opened at once: whichever came first has the lower id.
    const ids = clients.map((client) => client.status.nodeId ?? 0).sort((a, b) => a - b);
    const left = clients[0]?.status.nodeId;
    for (const url of urls) {
      const all = JSON.parse(await (await fetch(`${url}/nodes`)).text());
      expect(all.influx).toEqual(ids.map((id) => expect.objectContaining({ id, alive: true })));
      const addresses = all.cflux.map((manager: { bindAddress: string }) => `http://${manager.bindAddress}`);
      expect(addresses.sort()).toEqual([...urls].sort());
    }
    await clients[0]?.close({ deregister: false });
    for (const client of clients.slice(1)) {
      expect(await client.nodes()).toMatchObject(ids.map((id) => ({ id, alive: id !== left })));
    }
  });
});
