import {
  CfluxClient,
  type CfluxOptions,
  decodeMetadata,
  encodeMetadata,
  HttpTransport,
  LocalMetaClient,
} from 'clusterflux';
import type { Manager } from 'clusterflux/manager';
import { mockMetaClient } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { balancer, isPoll, isPush, type Passage } from '../../faults/support/balancer.js';
import { temporaryDirectory } from '../../meta/support/temporary-directory.js';
import { answer } from '../../support/raw-server.js';
import { serve } from '../../support/serve.js';

const cluster = 'c';
const retry = { minDelay: 1, maxDelay: 1 };
const acceptsDelta = ({ headers }: Passage) => headers['a-im'] !== undefined;
const kindOf = ({ method, status }: Passage) => `${method} ${status}`;

async function nodeOf(endpoint: string, options: CfluxOptions = {}) {
  const transport = new HttpTransport({ endpoint, retry });
  const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), { cluster, transport, ...options });
  onTestFinished(() => client.close({ timeout: 100 }));
  await client.open();
  return client;
}

type Node = Awaited<ReturnType<typeof nodeOf>>;
const names = ({ meta }: Node) => meta.data().databases.map(({ name }) => name);
const syncFailures = (node: Node) => {
  const failures: unknown[] = [];
  node.on('syncFailed', ({ error }) => failures.push(error));
  return failures;
};

/** A cluster of some size with a node behind a balancer, which has metadata, and a writer that is not behind it. */
async function follower() {
  const { url, manager } = await serve();
  const writer = await nodeOf(url);
  await Promise.all(Array.from({ length: 200 }, (_, i) => writer.createDatabase(`db${i}`)));
  const front = await balancer(url);
  const node = await nodeOf(front.url);
  await node.waitForVersion(writer.status.version, { timeout: 30_000 });
  const follow = () => node.waitForVersion(writer.status.version, { timeout: 30_000 });
  const polls = () =>
    front.passages.filter(isPoll).filter(({ status }) => status !== undefined && status !== 204);
  return { url, manager, writer, node, front, follow, polls };
}

/** R29: the manager and all nodes have the same bytes, apart from the index of each node's own store. */
async function expectSame(manager: Manager, ...nodes: Node[]): Promise<void> {
  const [newest] = await manager.history(cluster);
  const stored = Buffer.from(await manager.version(cluster, newest?.version ?? 0));
  for (const node of nodes) {
    expect(node.status.version).toBe(newest?.version);
    const { index } = decodeMetadata(stored);
    expect(stored.equals(encodeMetadata({ ...node.meta.data(), index }))).toBe(true);
  }
}

describe('R29: nodes that push and poll deltas', () => {
  it('have the same bytes as the manager, and move a few hundred bytes for a change', async () => {
    const { manager, writer, node, front, follow } = await follower();
    const before = front.passages.length;
    await writer.createDatabase('one more');
    await follow();
    await node.createDatabase('and another');
    await writer.waitForVersion(node.status.version, { timeout: 30_000 });
    await node.createUser('ada', 'secret', true);
    await node.dropDatabase('db3');
    await node.createDatabase('db3');
    await writer.waitForVersion(node.status.version, { timeout: 30_000 });
    const passed = front.passages
      .slice(before - 1)
      .filter(({ status }) => status !== 204 && status !== undefined);
    expect(passed.filter(isPush).map(kindOf)).toEqual(Array(4).fill('PATCH 200'));
    expect(passed.filter(isPoll).map(kindOf)).toContain('GET 226');
    for (const { body, bytes = 0, method, status } of passed) {
      if (method === 'PATCH') expect(body.length).toBeLessThan(400);
      else if (status === 226) expect(bytes).toBeLessThan(400);
    }
    await expectSame(manager, writer, node);
  });

  it('keep every record that a delta does not touch', async () => {
    const { writer, node, follow } = await follower();
    const before = node.meta.data().databases;
    await writer.createRetentionPolicy(
      'db7',
      { name: 'short', duration: 3_600_000_000_000n, replicaN: 1 },
      false,
    );
    await follow();
    const after = node.meta.data().databases;
    expect(after.filter((database, i) => database === before[i]).length).toBe(before.length - 1);
  });

  it('get the delta of a conflict, and push again', async () => {
    const { manager, writer, node, front } = await follower();
    const conflicts: unknown[] = [];
    node.on('conflict', (conflict) => conflicts.push(conflict));
    // The node does not notice the change of the writer before it pushes.
    front.mischief = { answer: (passage) => (isPoll(passage) ? 'silence' : undefined) };
    await writer.createDatabase('theirs');
    await node.createDatabase('ours');
    expect(conflicts).toHaveLength(1);
    const lost = front.passages.filter(({ status }) => status === 409);
    expect(lost.map(kindOf)).toEqual(['PATCH 409']);
    expect(lost[0]?.bytes).toBeLessThan(300);
    expect(names(node)).toEqual(expect.arrayContaining(['ours', 'theirs']));
    await writer.refresh();
    await expectSame(manager, writer, node);
  });

  it('push a snapshot and poll without A-IM after a restart, and deltas after that', async () => {
    const { url, manager } = await serve();
    const dir = await temporaryDirectory();
    const front = await balancer(url);
    const open = async () => {
      const meta = new LocalMetaClient({ dir });
      const client = new CfluxClient(meta, {
        cluster,
        transport: new HttpTransport({ endpoint: front.url }),
        dir,
      });
      onTestFinished(() => client.close({ timeout: 100 }));
      await client.open();
      return client;
    };
    const before = await open();
    for (let i = 0; i < 5; i++) await before.createDatabase(`db${i}`);
    await before.close();
    const first = front.passages.length;
    const after = await open();
    await after.createDatabase('whole');
    await after.createDatabase('as a delta');
    const passages = front.passages.slice(first);
    expect(passages.filter(isPush).map(({ method }) => method)).toEqual(['POST', 'PATCH']);
    expect(passages.filter(isPoll).filter(acceptsDelta)[0]?.at ?? Number.POSITIVE_INFINITY).toBeGreaterThan(
      passages.filter(isPush)[0]?.at ?? 0,
    );
    await expectSame(manager, after);
  });

  it('push a snapshot after the wrapped client was changed behind their back', async () => {
    const { manager, writer, node, front } = await follower();
    await node.createDatabase('before');
    node.meta.createDatabase('smuggled');
    await node.createDatabase('after');
    await node.createDatabase('later');
    expect(front.passages.filter(isPush).map(({ method }) => method)).toEqual(['PATCH', 'POST', 'PATCH']);
    expect(names(node)).not.toContain('smuggled');
    await writer.waitForVersion(node.status.version, { timeout: 30_000 });
    await expectSame(manager, writer, node);
  });

  it('work with a wrapped client of another kind', async () => {
    const { url } = await serve();
    const writer = await nodeOf(url);
    const meta = mockMetaClient();
    const client = new CfluxClient(meta, { cluster, transport: new HttpTransport({ endpoint: url, retry }) });
    onTestFinished(() => client.close({ timeout: 100 }));
    await client.open();
    for (let i = 0; i < 5; i++) {
      await writer.createDatabase(`writer-${i}`);
      await client.waitForVersion(writer.status.version, { timeout: 30_000 });
      await client.createDatabase(`mock-${i}`);
      await writer.waitForVersion(client.status.version, { timeout: 30_000 });
    }
    expect(names(writer)).toHaveLength(10);
  });
});

/** Returns the response in `bytes` with another body or other headers. */
function changed(
  bytes: Buffer,
  change: { body?: (body: Buffer) => Buffer; head?: (head: string) => string },
): Buffer {
  const end = bytes.indexOf('\r\n\r\n') + 4;
  const body = change.body?.(Buffer.from(bytes.subarray(end))) ?? bytes.subarray(end);
  const head = change.head?.(bytes.toString('latin1', 0, end)) ?? bytes.toString('latin1', 0, end);
  return Buffer.concat([
    Buffer.from(head.replace(/content-length: \d+/i, `content-length: ${body.length}`), 'latin1'),
    body,
  ]);
}

const flipped = (at: number) => (body: Buffer) => {
  const copy = Buffer.from(body);
  const position = (copy.length + at) % copy.length;
  copy[position] = (copy[position] ?? 0) ^ 0xff;
  return copy;
};

const oddities: Record<string, (bytes: Buffer) => Buffer> = {
  'that begins like nothing': (bytes) => changed(bytes, { body: flipped(0) }),
  'with a changed byte': (bytes) => changed(bytes, { body: flipped(-20) }),
  'that ends early': (bytes) => changed(bytes, { body: (body) => body.subarray(0, -3) }),
  'without a byte': (bytes) => changed(bytes, { body: () => Buffer.alloc(0) }),
  'with the digest of something else': (bytes) =>
    changed(bytes, { head: (head) => head.replace(/(cflux-result-digest: sha-256=:).{4}/i, '$1AAAA') }),
  'without a digest': (bytes) =>
    changed(bytes, { head: (head) => head.replace(/cflux-result-digest/i, 'x') }),
  'from another base': (bytes) =>
    changed(bytes, { head: (head) => head.replace(/(delta-base: ".*\/)\d+/i, '$11') }),
  'in another format': (bytes) =>
    changed(bytes, { head: (head) => head.replace(/im: vcdiff/i, 'im: diffe') }),
  'of another epoch': (bytes) =>
    changed(bytes, { head: (head) => head.replace(/cflux-epoch: /i, 'cflux-epoch: x') }),
  'without a version': (bytes) =>
    changed(bytes, { head: (head) => head.replace(/\r\nversion: /i, '\r\nx: ') }),
};

describe('R29: a delta in a poll', () => {
  it.each(Object.keys(oddities))('%s leads to one snapshot, and to deltas after it', async (oddity) => {
    const { manager, writer, node, front, follow, polls } = await follower();
    const failures = syncFailures(node);
    await writer.createDatabase('first');
    await follow();
    const before = polls().length;
    let meddled = 0;
    front.mischief = {
      answer: (passage, bytes) => {
        if (passage.status !== 226 || meddled++ > 0) return undefined;
        return oddities[oddity]?.(bytes);
      },
    };
    await writer.createDatabase('second');
    await follow();
    await writer.createDatabase('third');
    await follow();
    expect(polls().slice(before).map(kindOf)).toEqual(['GET 226', 'GET 200', 'GET 226']);
    expect(failures).toEqual([]);
    await expectSame(manager, writer, node);
  });

  it('that is always wrong leads to no loop and no error', async () => {
    const { manager, writer, node, front, follow, polls } = await follower();
    const failures = syncFailures(node);
    const before = polls().length;
    front.mischief = {
      answer: ({ status }, bytes) => (status === 226 ? changed(bytes, { body: flipped(-10) }) : undefined),
    };
    for (const name of ['first', 'second', 'third']) {
      await writer.createDatabase(name);
      await follow();
    }
    expect(polls().length - before).toBe(6);
    expect(failures).toEqual([]);
    await expectSame(manager, writer, node);
  });

  it('that was received before is not applied again', async () => {
    const { manager, writer, node, front, follow } = await follower();
    let replayed: Buffer | undefined;
    front.mischief = {
      answer: ({ status }, bytes) => {
        if (status !== 226) return undefined;
        replayed ??= bytes;
        return replayed;
      },
    };
    for (const name of ['first', 'second', 'third']) {
      await writer.createDatabase(name);
      await follow();
    }
    await expectSame(manager, writer, node);
  });

  it('that something on the way refuses leads to a snapshot', async () => {
    const { manager, writer, node, front, follow } = await follower();
    const failures = syncFailures(node);
    front.mischief = {
      answer: ({ status }) => (status === 226 ? answer(502, {}, 'what is 226?') : undefined),
    };
    await writer.createDatabase('first');
    await follow();
    expect(failures).toEqual([]);
    await expectSame(manager, writer, node);
  });
});

describe('R29: a delta in a conflict', () => {
  it.each(Object.keys(oddities))('%s is no error of the caller', async (oddity) => {
    const { manager, writer, node, front } = await follower();
    let meddled = 0;
    front.mischief = {
      answer: (passage, bytes) => {
        if (isPoll(passage) && passage.headers['prefer'] !== 'wait=0') return 'silence';
        if (passage.status !== 409 || meddled++ > 0) return undefined;
        return oddities[oddity]?.(bytes);
      },
    };
    await writer.createDatabase('theirs');
    await node.createDatabase('ours');
    expect(names(node)).toEqual(expect.arrayContaining(['ours', 'theirs']));
    await writer.refresh();
    await expectSame(manager, writer, node);
  });
});

describe('R29: a pushed delta', () => {
  it.each([400, 404, 405, 413, 415, 422, 500, 501, 502, 504])(
    'that is answered with %i is no error of the caller',
    async (status) => {
      const { manager, writer, node, front } = await follower();
      front.mischief = {
        request: ({ method }) => (method === 'PATCH' ? answer(status, {}, 'what is PATCH?') : undefined),
      };
      await node.createDatabase('ours');
      await writer.waitForVersion(node.status.version, { timeout: 30_000 });
      await expectSame(manager, writer, node);
    },
  );

  it('that something on the way always drops is no error of the caller', async () => {
    const { manager, writer, node, front } = await follower();
    front.mischief = { request: ({ method }) => (method === 'PATCH' ? 'cut' : undefined) };
    await node.createDatabase('ours');
    await node.createDatabase('ours too');
    await writer.waitForVersion(node.status.version, { timeout: 30_000 });
    await expectSame(manager, writer, node);
  });

  it('R2: that was stored, although its response was lost, is made once', async () => {
    const { manager, writer, node, front } = await follower();
    let lost = 0;
    front.mischief = { answer: ({ method }) => (method === 'PATCH' && lost++ === 0 ? 'cut' : undefined) };
    const before = (await manager.history(cluster)).length;
    await node.createDatabase('once');
    expect((await manager.history(cluster)).length).toBe(before + 1);
    await writer.waitForVersion(node.status.version, { timeout: 30_000 });
    await expectSame(manager, writer, node);
  });

  it('R2, R3: that was stored, and whose retry reaches a manager of an earlier release, is never made twice', async () => {
    const { manager, url } = await serve();
    const front = await balancer(url);
    const node = await nodeOf(front.url);
    await Promise.all(Array.from({ length: 50 }, (_, i) => node.createDatabase(`db${i}`)));
    let lost = 0;
    front.mischief = {
      request: ({ method, headers }) => {
        if (method === 'PATCH' && lost > 0) return answer(404, {}, 'no such route: PATCH');
        delete (headers as Record<string, string>)['a-im'];
        return undefined;
      },
      answer: ({ method }) => (method === 'PATCH' && lost++ === 0 ? 'cut' : undefined),
    };
    await node.createDatabase('once');
    const history = await manager.history(cluster);
    await node.createDatabase('twice');
    expect((await manager.history(cluster)).length).toBe(history.length + 1);
    await expectSame(manager, node);
  });
});
