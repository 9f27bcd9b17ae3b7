import { Manager, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PushResult } from '../../src/transport/transport.js';

/** A legacy client is identified by the port of its connection, a node by its id. */
type Pusher = { readonly port: number } | { readonly nodeId: number };

const writer: Pusher = { port: 1 };
const legacy: Pusher = { port: 2 };
const node: Pusher = { nodeId: 7 };

function setUp() {
  const clock = new ManualClock();
  const manager = new Manager({ store: new MemoryStore(), clock });
  onTestFinished(() => manager.close());
  let mutations = 0;
  const push = (version: number, by: Pusher): Promise<PushResult> => {
    const mutation = `m${mutations++}`;
    const request = { cluster: 'c', version, snapshot: Buffer.from(mutation), mutation };
    if ('nodeId' in by) return manager.push({ ...request, ...by });
    const connection = { port: by.port, isShared: false };
    return manager.push(request, { requester: { remote: '10.0.0.1', connection } });
  };
  const stored = (version: number, by: Pusher = writer) => versionOf(push(version, by), 'committed');
  /** While a node that lost may push next, the pushes that `arrive` makes queue up; then it has nothing to push. */
  const queued = async (arrive: () => void) => {
    const shown = await versionOf(push(0, { nodeId: 99 }), 'conflict');
    arrive();
    await settled();
    await manager.poll({ cluster: 'c', version: shown, wait: 0, nodeId: 99 });
  };
  return { clock, push, stored, queued };
}

async function versionOf(push: Promise<PushResult>, kind: PushResult['kind']): Promise<number> {
  const result = await push;
  expect(result.kind).toBe(kind);
  return result.version ?? 0;
}

const settled = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** The writer pushes `pause` milliseconds after its last version, stores that, and `other` waits with a push from an old version. */
async function afterPushOfWriter({ pause = 3, other = legacy } = {}) {
  const { clock, push, stored, queued } = setUp();
  const first = await stored(0);
  await clock.advance(pause);
  let next: Promise<number> | undefined;
  let waiting: Promise<PushResult> | undefined;
  const responses: string[] = [];
  await queued(() => {
    next = stored(first);
    waiting = push(0, other);
    void waiting.then(({ kind }) => responses.push(kind));
  });
  const version = (await next) ?? 0;
  await settled();
  return { clock, push, stored, queued, version, responses, waiting: waiting ?? push(0, other) };
}

describe('R26: a run of a legacy client', () => {
  it('R26: stores several versions while other legacy clients wait, which conflict once', async () => {
    const { clock, push, stored, version, responses, waiting } = await afterPushOfWriter();
    const last = await stored(await stored(version));
    expect(responses).toEqual([]);
    await clock.advance(6);
    expect(responses).toEqual(['conflict']);
    expect((await waiting).version).toBe(last);
    expect(await push(last, legacy)).toMatchObject({ kind: 'committed' });
  });

  it('R26: ends when its next push takes twice as long as the last', async () => {
    const { clock, responses } = await afterPushOfWriter({ pause: 4 });
    await clock.advance(7);
    expect(responses).toEqual([]);
    await clock.advance(1);
    expect(responses).toEqual(['conflict']);
  });

  it('R26: delays a waiting push for at most 50 ms', async () => {
    const { clock, stored, version, responses } = await afterPushOfWriter({ pause: 5 });
    let newest = version;
    for (let lasted = 5; lasted < 50; lasted += 5) {
      await clock.advance(5);
      expect(responses).toEqual([]);
      newest = await stored(newest);
    }
    await clock.advance(5);
    expect(responses).toEqual(['conflict']);
  });

  it('R26: continues with a push on another connection', async () => {
    const { stored, version, responses, clock } = await afterPushOfWriter();
    await stored(version, { port: 3 });
    expect(clock.monotonic(), 'it did not wait').toBe(3);
    await settled();
    expect(responses, 'nothing is known of the pauses on that connection').toEqual(['conflict']);
  });

  it.each([
    ['that is slow', { pause: 11 }],
    ['while a node waits', { other: node }],
  ])('R26: does not happen to one %s', async (_, options) => {
    const { responses } = await afterPushOfWriter(options);
    expect(responses).toEqual(['conflict']);
  });

  it('R26: ends at once when a node pushes', async () => {
    const { push, responses, waiting, clock } = await afterPushOfWriter();
    const late = push(0, node);
    const { version = 0 } = await waiting;
    expect(responses).toEqual(['conflict']);
    expect(await push(version, legacy)).toMatchObject({ kind: 'committed' });
    expect(await late).toMatchObject({ kind: 'conflict' });
    expect(clock.monotonic()).toBe(3);
  });

  it('R26: is not awaited again of a client that made others wait in vain, until it is that fast by itself', async () => {
    const { clock, push, stored, waiting } = await afterPushOfWriter();
    await clock.advance(6);
    const { version: shown = 0 } = await waiting;
    const responses: string[] = [];
    const wait = (port: number) => push(0, { port }).then(({ kind }) => responses.push(kind));
    // While one client pushes its change again, the writer and others wait.
    const lost = push(0, writer);
    void wait(5);
    await stored(shown, legacy);
    await stored(await versionOf(lost, 'conflict'));
    await settled();
    expect(responses).toEqual(['conflict']);
  });
});
