import { Manager, type ManagerOptions, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PushResult } from '../../src/transport/transport.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (snapshot: Uint8Array) => new TextDecoder().decode(snapshot);

function setUp(options: Partial<ManagerOptions> = {}) {
  const clock = new ManualClock();
  const manager = new Manager({ store: new MemoryStore(), clock, ...options });
  onTestFinished(() => manager.close());
  let mutations = 0;
  const push = (nodeId: number, version: number, snapshot = `by ${nodeId}`, cluster = 'a') =>
    manager.push({ cluster, version, snapshot: bytes(snapshot), mutation: `m${mutations++}`, nodeId });
  return { clock, manager, push };
}

const settled = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** Results in the order of the responses. */
function follow(pushes: Record<string, Promise<PushResult>>): string[] {
  const order: string[] = [];
  for (const [name, push] of Object.entries(pushes)) push.then(({ kind }) => order.push(`${name} ${kind}`));
  return order;
}

describe('the fair push queue (R26)', () => {
  it('hold the pushes of others until the loser has come back', async () => {
    const { push } = setUp();
    await push(1, 0);
    const lost = await push(2, 0);
    const version = lost.kind === 'conflict' ? lost.version : 0;
    const other = push(3, version);
    const order = follow({ other });
    await settled();
    expect(order).toEqual([]);
    expect(await push(2, version)).toMatchObject({ kind: 'committed' });
    expect(await other).toMatchObject({ kind: 'conflict' });
  });

  it('end after 250 ms if the loser does not come back', async () => {
    const { push, clock } = setUp();
    await push(1, 0);
    const lost = await push(2, 0);
    const other = push(3, lost.kind === 'conflict' ? lost.version : 0);
    const order = follow({ other });
    await clock.advance(249);
    expect(order).toEqual([]);
    await clock.advance(1);
    expect(order).toEqual(['other committed']);
  });

  it('end at once if the loser polls for a newer version, because it has nothing to push', async () => {
    const { push, manager } = setUp();
    await push(1, 0);
    const lost = await push(2, 0);
    const version = lost.kind === 'conflict' ? lost.version : 0;
    const other = push(3, version);
    await manager.poll({ cluster: 'a', version, wait: 0, nodeId: 2 });
    expect(await other).toMatchObject({ kind: 'committed' });
  });

  it('end at once if the loser polls from the newest version, like a node that only joined', async () => {
    const { push, manager } = setUp();
    await push(1, 0);
    const lost = await push(2, 0);
    const version = lost.kind === 'conflict' ? lost.version : 0;
    const other = push(3, version);
    const held = manager.poll({ cluster: 'a', version, wait: 60_000, nodeId: 2 });
    expect(await other).toMatchObject({ kind: 'committed' });
    expect(await held).toMatchObject({ kind: 'snapshot' });
  });

  it('of legacy clients do not end with a poll, because it may be another’s at the same address', async () => {
    const { push, manager } = setUp();
    const remote = '10.0.0.1';
    await push(1, 0);
    const old = (version: number) =>
      manager.push(
        { cluster: 'a', version, snapshot: bytes('old'), mutation: `old-${version}` },
        { requester: { remote } },
      );
    const lost = await old(0);
    const version = lost.kind === 'conflict' ? lost.version : 0;
    const held = manager.poll({ cluster: 'a', version, wait: 60_000 }, { requester: { remote } });
    const other = push(3, version);
    const order = follow({ other });
    await settled();
    expect(order).toEqual([]);
    expect(await old(version)).toMatchObject({ kind: 'committed' });
    expect(await other).toMatchObject({ kind: 'conflict' });
    expect(await held).toMatchObject({ kind: 'snapshot' });
  });

  it('of one cluster do not hold another', async () => {
    const { push } = setUp();
    await push(1, 0);
    await push(2, 0);
    expect(await push(3, 0, 'b', 'b')).toMatchObject({ kind: 'committed' });
  });

  it('go round in order of arrival, so that a change conflicts about once however many nodes write', async () => {
    const { push, manager, clock } = setUp();
    const writers = 50;
    const changes = 4;
    const attempts: number[] = [];
    const write = async (nodeId: number) => {
      let version = 0;
      let words = '';
      for (let change = 0; change < changes; change++) {
        for (let attempt = 1; ; attempt++) {
          const next = `${words}${nodeId}.${change} `;
          const result = await push(nodeId, version, next);
          // What a client does between two pushes.
          await new Promise((resolve) => setImmediate(resolve));
          if (result.kind === 'epochMismatch') throw new Error('epoch');
          version = result.version;
          words = result.kind === 'conflict' && result.snapshot ? text(result.snapshot) : next;
          if (result.kind === 'conflict') continue;
          attempts.push(attempt);
          break;
        }
      }
    };
    await Promise.all(Array.from({ length: writers }, (_, i) => write(i + 1)));
    const newest = await manager.poll({ cluster: 'a', version: 0, wait: 0 });
    const all = newest.kind === 'snapshot' ? text(newest.snapshot).trim().split(' ') : [];
    expect(new Set(all).size).toBe(writers * changes);
    expect(all).toHaveLength(writers * changes);
    expect(Math.max(...attempts)).toBeLessThanOrEqual(2);
    expect(clock.monotonic(), 'nobody waited for a turn that ran out').toBe(0);
  });

  it('serve legacy clients by their address', async () => {
    const { manager, push } = setUp();
    await push(1, 0);
    const old = (version: number, remote: string) =>
      manager.push(
        { cluster: 'a', version, snapshot: bytes('old'), mutation: `${remote}${version}` },
        { requester: { remote } },
      );
    const lost = await old(0, '10.0.0.1');
    const version = lost.kind === 'conflict' ? lost.version : 0;
    const other = old(version, '10.0.0.2');
    const order = follow({ other });
    await settled();
    expect(order).toEqual([]);
    expect(await old(version, '10.0.0.1')).toMatchObject({ kind: 'committed' });
    await other;
  });

  it('forget a push whose client went away, and go on', async () => {
    const { push, manager, clock } = setUp();
    await push(1, 0);
    await push(2, 0);
    const gone = new AbortController();
    const left = manager.push(
      { cluster: 'a', version: 0, snapshot: bytes('x'), mutation: 'left', nodeId: 3 },
      { signal: gone.signal },
    );
    const order = follow({ next: push(4, 0) });
    await settled();
    gone.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    await clock.advance(250);
    expect(order).toEqual(['next conflict']);
    expect(await manager.history('a')).toHaveLength(1);
  });

  it('are limited in number; further ones are refused with a retry delay (R24)', async () => {
    const { push } = setUp({ limits: { heldPushes: 2 } });
    await push(1, 0);
    await push(2, 0);
    const held = [push(3, 0), push(4, 0)];
    await settled();
    await expect(push(5, 0)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      outcome: 'notApplied',
    });
    for (const push of held) push.catch(() => {});
  });

  it('end at once if the loser pushes from another version than it was shown, and are not given to it again', async () => {
    const { push, clock } = setUp();
    await push(1, 0);
    const lost = await push(2, 0);
    let version = lost.kind === 'conflict' ? lost.version : 0;
    for (let tries = 0; tries < 5; tries++) {
      const waiting = push(3, version);
      const again = push(2, 0);
      const result = await waiting;
      expect(result).toMatchObject({ kind: 'committed' });
      expect(await again).toMatchObject({ kind: 'conflict' });
      version = result.kind === 'committed' ? result.version : 0;
    }
    expect(clock.monotonic(), 'nobody waited').toBe(0);
  });

  it('that ran out are not granted again for a push from the same version', async () => {
    const { push, clock } = setUp();
    await push(1, 0);
    const lost = await push(2, 0);
    await clock.advance(250);
    await push(2, 0);
    const version = lost.kind === 'conflict' ? lost.version : 0;
    const next = await push(3, version);
    expect(next).toMatchObject({ kind: 'committed' });
    // From what it was shown, as a node that was slow: it gets another.
    expect(await push(2, version)).toMatchObject({ kind: 'conflict' });
    const other = push(3, next.kind === 'committed' ? next.version : 0);
    const order = follow({ other });
    await settled();
    expect(order).toEqual([]);
    await clock.advance(250);
    expect(order).toEqual(['other committed']);
  });

  it('are as long as a slow node needs, once it was seen to be slow', async () => {
    const { push, clock } = setUp();
    await push(1, 0);
    const lost = await push(2, 0);
    const shown = lost.kind === 'conflict' ? lost.version : 0;
    await clock.advance(250);
    const first = await push(3, shown);
    await clock.advance(550);
    const late = await push(2, shown);
    const other = push(3, first.kind === 'committed' ? first.version : 0);
    const order = follow({ other });
    await clock.advance(800);
    expect(order).toEqual([]);
    expect(await push(2, late.kind === 'conflict' ? late.version : 0)).toMatchObject({ kind: 'committed' });
    expect(await other).toMatchObject({ kind: 'conflict' });
  });

  it('of a client without a node id are not spoilt by another one at its address', async () => {
    const { push, manager, clock } = setUp();
    const requester = { remote: '10.0.0.1' };
    let mutations = 0;
    const anonymous = (version: number) =>
      manager.push(
        { cluster: 'a', version, snapshot: bytes('anonymous'), mutation: `anonymous-${mutations++}` },
        { requester },
      );
    await push(1, 0);
    const sick = await anonymous(0);
    await clock.advance(250);
    let newest = await push(1, sick.kind === 'conflict' ? sick.version : 0);
    for (let change = 0; change < 3; change++) {
      // It has followed by a poll, but for the last change.
      const base = newest.kind === 'committed' ? newest.version : 0;
      await push(1, base);
      const lost = await anonymous(base);
      const shown = lost.kind === 'conflict' ? lost.version : 0;
      const others = [push(3, shown), anonymous(0)];
      newest = await anonymous(shown);
      expect(newest).toMatchObject({ kind: 'committed' });
      await clock.advance(250);
      for (const other of others) expect(await other).toMatchObject({ kind: 'conflict' });
    }
  });

  it('can be switched off', async () => {
    const { push } = setUp({ conflictHold: 0 });
    await push(1, 0);
    const lost = await push(2, 0);
    expect(await push(3, lost.kind === 'conflict' ? lost.version : 0)).toMatchObject({ kind: 'committed' });
  });
});
