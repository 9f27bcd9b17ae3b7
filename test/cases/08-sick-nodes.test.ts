import { once } from 'node:events';
import { request as send } from 'node:http';
import { CfluxClient, HttpTransport, LocalMetaClient, type Transport } from 'clusterflux';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import { MemoryStorage } from 'clusterflux/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { balancer, isPush } from '../faults/support/balancer.js';
import { HastenedClock } from '../faults/support/hastened-clock.js';
import { NodeProcess } from '../faults/support/node-process.js';

/** All clients share a thread with the manager: on a busy machine each takes long to push again, so the manager's time passes slowly. */
const pace = 0.2;
/** Milliseconds for which others wait for a node that lost a conflict. */
const conflictHold = 250 / pace;
/** More at night: `HEALTHY_NODES=50`. */
const healthyNodes = Number(process.env['HEALTHY_NODES'] ?? 16);

interface Answer {
  readonly status: number;
  readonly version: number;
  readonly epoch: string;
  readonly body: Buffer;
}

/** A request as legacy clients send it, unless `headers` add some. */
async function ask(method: string, url: string, body?: Buffer, headers = {}): Promise<Answer> {
  const answer = await fetch(url, { method, headers, body: body ?? null });
  const { status } = answer;
  const [version, epoch] = [Number(answer.headers.get('version')), answer.headers.get('cflux-epoch') ?? ''];
  return { status, version, epoch, body: Buffer.from(await answer.arrayBuffer()) };
}

const versionUrl = (url: string, version: number) => `${url}/clusters/c/versions/${version}`;

/** Pushes repeatedly from the same old version, whatever the response, until the test ends. */
async function pushForEver(url: string, base: Answer, headers = {}): Promise<void> {
  let isOver = false;
  const loop = async () => {
    while (!isOver) {
      await ask('POST', versionUrl(url, base.version), base.body, headers).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const ended = loop();
  onTestFinished(async () => {
    isOver = true;
    await ended;
  });
}

async function register(url: string): Promise<number> {
  const answer = await ask(
    'POST',
    `${url}/nodes/c`,
    Buffer.from('{"ip":"","hostname":"sick","bindAddress":"s:1"}'),
  );
  return JSON.parse(answer.body.toString()).id;
}

/** A legacy client: each change is pushed from the version that it has, and from the one it is shown after a conflict. */
async function legacyChanges(url: string, changes: number): Promise<number[]> {
  const attempts: number[] = [];
  let base = await ask('GET', versionUrl(url, 0));
  for (let change = 0; change < changes; change++) {
    for (let attempt = 1; ; attempt++) {
      const answer = await ask('POST', versionUrl(url, base.version), base.body);
      if (![200, 409].includes(answer.status)) throw new Error(`${answer.status} ${answer.body}`);
      base = answer.status === 409 ? answer : { ...answer, body: base.body };
      if (answer.status === 409) continue;
      attempts.push(attempt);
      break;
    }
  }
  return attempts;
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

describe('R8, R26: beside sick neighbours', () => {
  let url = '';
  let old: Answer;
  let nodes: CfluxClient<LocalMetaClient>[] = [];
  let changes = 0;
  let closeServer: () => Promise<void>;

  beforeAll(async () => {
    const manager = new Manager({ store: new MemoryStore(), clock: new HastenedClock(pace) });
    const server = await createManagerServer(manager, { port: 0 });
    closeServer = async () => {
      await server.close();
      await manager.close();
    };
    url = server.url;
    nodes = Array.from(
      { length: healthyNodes },
      () => new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), { cluster: 'c', endpoint: url }),
    );
    await nodes[0]?.open();
    await nodes[0]?.createDatabase('first');
    await Promise.all(nodes.map((node) => node.open()));
    old = await ask('GET', versionUrl(url, 0));
    await nodes[0]?.createDatabase('second');
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close({ timeout: 100 })));
    await closeServer();
  });

  /** The nodes and a legacy client change the metadata, all at once, and each conflicts about once. */
  async function othersGoOn(): Promise<void> {
    const rounds: number[] = [];
    const note = (event: { rounds: number }) => rounds.push(event.rounds);
    for (const node of nodes) node.on('pushed', note);
    try {
      const [attempts] = await Promise.all([
        legacyChanges(url, 3),
        ...nodes.map(async (node) => {
          for (let change = 0; change < 2; change++) await node.createDatabase(`d${changes++}`);
        }),
      ]);
      expect(mean(rounds)).toBeLessThanOrEqual(3);
      // The legacy client gives up after five attempts, without an error.
      expect(Math.max(...attempts)).toBeLessThanOrEqual(5);
      expect(mean(attempts)).toBeLessThanOrEqual(3);
    } finally {
      for (const node of nodes) node.off('pushed', note);
    }
  }

  it('R8, R26: none, for comparison', () => othersGoOn());

  it('R8, R26: a node that pushes from an old version again and again', async () => {
    await pushForEver(url, old, { 'cflux-node': await register(url) });
    await othersGoOn();
  });

  it('R8, R26: twenty of them', async () => {
    for (let sick = 0; sick < 20; sick++) await pushForEver(url, old, { 'cflux-node': await register(url) });
    await othersGoOn();
  });

  it('R8, R26: a legacy client that does so', async () => {
    await pushForEver(url, old);
    await othersGoOn();
  });

  it('R8, R26: a client without a node id that does so', async () => {
    let mutations = 0;
    await pushForEver(url, old, {
      'cflux-epoch': old.epoch,
      get 'cflux-mutation'() {
        return `sick-${mutations++}`;
      },
    });
    await othersGoOn();
  });

  it('R8, R26: nodes that do not read their responses', async () => {
    let isOver = false;
    const loop = async (nodeId: number) => {
      while (!isOver) {
        const request = send(versionUrl(url, old.version), {
          method: 'POST',
          agent: false,
          headers: { 'cflux-node': nodeId, 'content-length': old.body.length },
        });
        request.on('error', () => {});
        request.end(old.body);
        // Its headers come, and its body is left where it is.
        await Promise.race([once(request, 'response'), once(request, 'close')]).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 300));
        request.destroy();
      }
    };
    const ended = Promise.all([await register(url), await register(url), await register(url)].map(loop));
    onTestFinished(async () => {
      isOver = true;
      await ended;
    });
    await othersGoOn();
  });

  it('R8, R26: a correct node on a slow link, whose changes are made as well', async () => {
    const inner = new HttpTransport({ endpoint: url });
    const delay = () => new Promise((resolve) => setTimeout(resolve, 0.7 * conflictHold));
    const transport: Transport = {
      retries: true,
      register: (...args) => inner.register(...args),
      heartbeat: (...args) => inner.heartbeat(...args),
      deregister: (...args) => inner.deregister(...args),
      nodes: (...args) => inner.nodes(...args),
      poll: (...args) => inner.poll(...args),
      close: () => inner.close(),
      push: async (...args) => {
        await delay();
        const result = await inner.push(...args);
        await delay();
        return result;
      },
    };
    const slow = new CfluxClient(new LocalMetaClient(), { cluster: 'c', transport });
    onTestFinished(() => slow.close({ timeout: 100 }));
    await slow.open();
    const rounds: number[] = [];
    slow.on('pushed', (event) => rounds.push(event.rounds));
    const ofSlow = async () => {
      for (let change = 0; change < 3; change++) await slow.createDatabase(`d${changes++}`);
    };
    await Promise.all([ofSlow(), othersGoOn()]);
    // Once it is known to be slow it gets the time that it needs; on a busy machine not at the first try.
    expect(Math.max(...rounds)).toBeLessThanOrEqual(8);
  });

  it('R8, R26: a node that is stopped while others wait for it', async () => {
    const front = await balancer(url);
    const node = await NodeProcess.open({ endpoint: front.url, cluster: 'c' });
    let isStopped = false;
    front.mischief = {
      request: () => undefined,
      answer: (passage) => {
        if (isPush(passage) && passage.status === 409 && !isStopped) {
          isStopped = true;
          node.signal('SIGSTOP');
        }
        return undefined;
      },
    };
    const change = node.ask('createDatabase', `d${changes++}`);
    for (let tries = 0; tries < 10 && !isStopped; tries++) await othersGoOn();
    await othersGoOn();
    node.signal('SIGCONT');
    await change;
  });

  it('R8: a node whose disk is full stops pushing from the version that it could not replace', async () => {
    const front = await balancer(url);
    const storage = new MemoryStorage();
    const sick = new CfluxClient(new LocalMetaClient(), { cluster: 'c', endpoint: front.url, storage });
    onTestFinished(() => sick.close({ timeout: 100 }));
    await sick.open();
    await sick.createDatabase(`d${changes++}`);
    storage.beforeWrite = () => {
      throw new Error('ENOSPC: no space left on device');
    };
    await nodes[0]?.createDatabase(`d${changes++}`);
    for (let tries = 0; tries < 10; tries++) {
      await expect(sick.createDatabase('never')).rejects.toThrow('ENOSPC');
    }
    expect(front.passages.filter(({ status }) => status === 409).length).toBeLessThanOrEqual(1);
    storage.beforeWrite = () => {};
    await sick.createDatabase(`d${changes++}`);
    await othersGoOn();
  });
});
