import { Manager, type ManagerOptions, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PushRequest } from '../../src/transport/transport.js';

// What each side sees is drawn at the top of src/manager/recovery/offer-collection.ts; node names here are those of that comment.

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (snapshot: Uint8Array) => new TextDecoder().decode(snapshot);
const ttl = 15_000;

let mutations = 0;
const seed = (more: Partial<PushRequest> = {}): PushRequest => ({
  cluster: 'a',
  version: 0,
  snapshot: bytes('fresh'),
  mutation: `m${mutations++}`,
  ...more,
});
const offerOf = (version: number, snapshot: string, epoch: string, more: Partial<PushRequest> = {}) =>
  seed({ snapshot: bytes(snapshot), epoch, offer: { epoch: 'lost', version }, nodeId: version, ...more });

function setUp(options: Partial<ManagerOptions> = {}) {
  const clock = new ManualClock();
  const manager = new Manager({ store: new MemoryStore(), clock, nodeTtl: ttl, ...options });
  onTestFinished(async () => {
    await manager.close();
    expect(clock.timers, 'no timer is left after close').toBe(0);
  });
  return { clock, manager };
}

const pollNow = (manager: Manager, more: { version?: number; epoch?: string } = {}) =>
  manager.poll({ cluster: 'a', version: 0, wait: 0, ...more });

/** What is current, as text; undefined: no data. */
async function current(manager: Manager): Promise<string | undefined> {
  const answer = await pollNow(manager);
  return answer.kind === 'snapshot' ? text(answer.snapshot) : undefined;
}

describe('a manager without data (R11)', () => {
  it('takes the first push of a new cluster at once', async () => {
    const { manager } = setUp();
    expect(await pollNow(manager)).toMatchObject({ kind: 'unchanged' });
    const epoch = await manager.epoch('a');
    expect(await manager.push(seed({ epoch }))).toMatchObject({ kind: 'committed', epoch });
  });

  it('receives requests of old nodes first: returns its epoch, collects for one time to live, stores the highest', async () => {
    const { manager, clock } = setUp();
    const met = await pollNow(manager, { version: 10, epoch: 'lost' });
    expect(met).toMatchObject({ kind: 'epochMismatch', version: 0 });
    const epoch = met.epoch ?? '';

    // A fresh node comes meanwhile: certainly refused, with the time to retry.
    await expect(manager.push(seed())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      outcome: 'notApplied',
      retryable: true,
      retryAfter: ttl,
    });
    await clock.advance(5_000);
    const low = offerOf(10, 'ten', epoch);
    const high = offerOf(12, 'twelve', epoch);
    // An offer is kept and may be stored: it must not be reported as certainly refused.
    const kept = { code: 'UNAVAILABLE', outcome: 'unknown', retryable: true, retryAfter: 10_000 };
    await expect(manager.push(high)).rejects.toMatchObject(kept);
    await expect(manager.push(low)).rejects.toMatchObject(kept);
    const held = manager.poll({ cluster: 'a', version: 0, wait: 60_000, epoch });
    expect(await current(manager)).toBeUndefined();

    await clock.advance(10_000);
    const answer = await held;
    expect(answer).toMatchObject({ kind: 'snapshot', epoch, mutation: high.mutation });
    expect(answer.kind === 'snapshot' && text(answer.snapshot)).toBe('twelve');
    const version = answer.kind === 'snapshot' ? answer.version : 0;
    expect(await manager.push(high)).toEqual({ kind: 'committed', version, epoch });
    expect(await manager.push(low)).toMatchObject({ kind: 'conflict', version });
    const fresh = manager.push(seed());
    await clock.advance(250);
    expect(await fresh).toMatchObject({ kind: 'conflict', version });
  });

  it('keeps the highest offer though its node dies before the end', async () => {
    const { manager, clock } = setUp();
    const epoch = await manager.epoch('a');
    await expect(manager.push(offerOf(12, 'twelve', epoch))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await clock.advance(ttl);
    expect(await current(manager)).toBe('twelve');
  });

  it('stores the offer with a version above all previous ones', async () => {
    const { manager, clock } = setUp();
    const ahead = clock.now() + 1_000_000;
    await pollNow(manager, { version: ahead + 50, epoch: 'lost' });
    const epoch = await manager.epoch('a');
    await expect(manager.push(offerOf(ahead, 'data', epoch))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await clock.advance(ttl);
    const [taken] = await manager.history('a');
    expect(taken?.version).toBeGreaterThan(ahead + 50);
  });

  it('recognizes a node that offers again with a new mutation', async () => {
    const { manager, clock } = setUp();
    const epoch = await manager.epoch('a');
    await expect(manager.push(offerOf(12, 'twelve', epoch))).rejects.toThrow();
    const again = offerOf(12, 'twelve', epoch);
    await expect(manager.push(again)).rejects.toThrow();
    await clock.advance(ttl);
    expect(await manager.push(again)).toMatchObject({ kind: 'committed' });
  });

  it('receives a push of a new node first: accepts it; later nodes with newer data are notified, and never overwrite', async () => {
    const { manager } = setUp();
    const first = await manager.push(seed());
    const version = first.kind === 'committed' ? first.version : 0;
    const met = await pollNow(manager, { version: 10, epoch: 'lost' });
    expect(met).toMatchObject({ kind: 'epochMismatch', version });
    const late = await manager.push(offerOf(12, 'twelve', met.epoch ?? ''));
    expect(late).toMatchObject({ kind: 'conflict', version });
    expect(await current(manager)).toBe('fresh');
  });

  it('met by legacy clients holds their polls and takes their push: they have no epoch', async () => {
    const { manager } = setUp();
    const poll = manager.poll({ cluster: 'a', version: 10, wait: 60_000 });
    expect(await manager.push(seed({ version: 10 }))).toMatchObject({ kind: 'committed' });
    expect(await poll).toMatchObject({ kind: 'snapshot' });
  });

  it('without offers accepts new pushes after the time, and does not start again for the same foreign epoch', async () => {
    const { manager, clock } = setUp();
    await pollNow(manager, { version: 10, epoch: 'lost' });
    await clock.advance(ttl);
    expect(await pollNow(manager, { version: 10, epoch: 'lost' })).toMatchObject({ kind: 'epochMismatch' });
    expect(await manager.push(seed())).toMatchObject({ kind: 'committed' });
  });

  it('collects again for an offer that comes after a collection without one', async () => {
    const { manager, clock } = setUp();
    await pollNow(manager, { version: 10, epoch: 'lost' });
    await clock.advance(ttl);
    const epoch = await manager.epoch('a');
    await expect(manager.push(offerOf(10, 'ten', epoch))).rejects.toMatchObject({ retryAfter: ttl });
    await expect(manager.push(offerOf(11, 'eleven', epoch))).rejects.toThrow();
    await clock.advance(ttl);
    expect(await current(manager)).toBe('eleven');
  });

  describe('whose store was restored from before the first version', () => {
    it('R11: gives the next history another epoch, and collects', async () => {
      const { manager, clock } = setUp();
      const epoch = await manager.epoch('a');
      const met = await pollNow(manager, { version: 10, epoch });
      expect(met).toMatchObject({ kind: 'epochMismatch', version: 0 });
      expect(met.epoch).not.toBe(epoch);
      await expect(manager.push(seed())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await expect(manager.push(offerOf(10, 'ten', met.epoch ?? ''))).rejects.toThrow();
      await clock.advance(ttl);
      expect(await current(manager)).toBe('ten');
      expect(await manager.epoch('a')).toBe(met.epoch);
    });

    it('R11: stores nothing before the collection ends: nodes stay registered, and the stored epoch is the old one', async () => {
      const store = new MemoryStore();
      const { manager } = setUp({ store });
      const { id } = await manager.register('a', { ip: '10.0.0.1', hostname: 'h' });
      const { epoch } = await store.head('a');
      const met = await pollNow(manager, { version: 10, epoch });
      await expect(manager.push(offerOf(10, 'ten', met.epoch ?? ''))).rejects.toThrow();
      expect(await store.head('a')).toMatchObject({ epoch });
      expect(await manager.heartbeat('a', id)).toBe(true);
      expect(await manager.nodes('a')).toHaveLength(1);
    });

    it('R11: a node that slept through the recovery meets another epoch, so that it keeps a backup', async () => {
      const { manager, clock } = setUp();
      const epoch = await manager.epoch('a');
      const met = await pollNow(manager, { version: 10, epoch });
      const offer = offerOf(10, 'ten', met.epoch ?? '', { offer: { epoch, version: 10 } });
      await expect(manager.push(offer)).rejects.toThrow();
      await clock.advance(ttl);
      const [{ version = 0 } = {}] = await manager.history('a');
      expect(await pollNow(manager, { version: 12, epoch })).toEqual({
        kind: 'epochMismatch',
        epoch: met.epoch,
        version,
      });
    });

    it('R11: the next epoch is that of the first version also if no node offers anything', async () => {
      const { manager, clock } = setUp();
      const epoch = await manager.epoch('a');
      const met = await pollNow(manager, { version: 10, epoch });
      await clock.advance(ttl);
      // A fresh node may know either of the two epochs, or none.
      const { version = 0 } = await manager.push(seed({ epoch: met.epoch ?? '' }));
      expect(await pollNow(manager, { version: 10, epoch })).toMatchObject({
        kind: 'epochMismatch',
        version,
      });
    });

    it('R11: a second loss of the same store gives yet another epoch', async () => {
      const { manager } = setUp();
      const epoch = await manager.epoch('a');
      const first = await pollNow(manager, { version: 10, epoch });
      const second = await pollNow(manager, { version: 20, epoch: first.epoch ?? '' });
      expect(second).toMatchObject({ kind: 'epochMismatch', version: 0 });
      expect(new Set([epoch, first.epoch, second.epoch]).size).toBe(3);
    });

    it('R11: accepts offers that another manager requested, or this one before its restart', async () => {
      const store = new MemoryStore();
      const { manager: one, clock } = setUp({ store });
      const { manager: two, clock: clockOfTwo } = setUp({ store: store.share() });
      const epoch = await one.epoch('a');
      const met = await pollNow(one, { version: 10, epoch });
      const offer = offerOf(10, 'ten', met.epoch ?? '', { offer: { epoch, version: 10 } });
      const kept = { code: 'UNAVAILABLE', outcome: 'unknown', retryAfter: ttl };
      await expect(two.push(offer)).rejects.toMatchObject(kept);
      await clockOfTwo.advance(ttl);
      expect(await current(one)).toBe('ten');
      const taken = await one.epoch('a');
      expect(taken).not.toBe(epoch);
      expect(await two.push(offer)).toMatchObject({ kind: 'committed', epoch: taken });
      // The first manager's collection ends too, and leaves what is there.
      await clock.advance(ttl);
      expect(await one.history('a')).toHaveLength(1);
      expect(await one.epoch('a')).toBe(taken);
    });

    it('R11: two managers that collect at once with different epochs end with one history', async () => {
      const store = new MemoryStore();
      const { manager: one, clock } = setUp({ store });
      const { manager: two, clock: clockOfTwo } = setUp({ store: store.share() });
      const epoch = await one.epoch('a');
      const claims = [
        { manager: one, met: await pollNow(one, { version: 10, epoch }), version: 10 },
        { manager: two, met: await pollNow(two, { version: Date.now() + 9e6, epoch }), version: 12 },
      ];
      expect(claims[0]?.met.epoch).not.toBe(claims[1]?.met.epoch);
      for (const { manager, met, version } of claims) {
        const offer = { epoch, version };
        await expect(
          manager.push(offerOf(version, `${version}`, met.epoch ?? '', { offer })),
        ).rejects.toThrow();
      }
      const held = one.poll({ cluster: 'a', version: 0, wait: 60_000 });
      await clockOfTwo.advance(ttl);
      await clock.advance(ttl);
      expect(await held).toMatchObject({ kind: 'snapshot', epoch: claims[1]?.met.epoch });
      expect([await current(one), await current(two)]).toEqual(['12', '12']);
      expect(await one.history('a')).toHaveLength(1);
      for (const { met } of claims) {
        const late = await pollNow(one, { version: 10, epoch: met.epoch ?? '' });
        expect(late.epoch).toBe(claims[1]?.met.epoch);
      }
    });

    it('R24: a read-only request gets 412, and changes nothing', async () => {
      const store = new MemoryStore();
      const { manager, clock } = setUp({ store });
      const epoch = await manager.epoch('a');
      const read = (more: { version: number; epoch: string }) =>
        manager.poll({ cluster: 'a', wait: 0, ...more }, { isNode: false });
      const foreign = { kind: 'epochMismatch', epoch, version: 0 };
      expect(await read({ version: 10, epoch })).toEqual(foreign);
      expect(await read({ version: 10, epoch: 'another' })).toEqual(foreign);
      expect(clock.timers).toBe(0);
      const next = (await pollNow(manager, { version: 10, epoch })).epoch;
      expect(await read({ version: 10, epoch })).toEqual({ ...foreign, epoch: next });
      await clock.advance(ttl);
      expect(await read({ version: 11, epoch: next ?? '' })).toEqual({ ...foreign, epoch: next });
      expect(await manager.push(seed())).toMatchObject({ kind: 'committed', epoch: next });
    });

    it('R11: a store without newHistory keeps the epoch, and collects all the same', async () => {
      const store = new MemoryStore();
      Object.defineProperty(store, 'newHistory', { value: undefined });
      const { manager, clock } = setUp({ store });
      const epoch = await manager.epoch('a');
      expect(await pollNow(manager, { version: 10, epoch })).toEqual({
        kind: 'epochMismatch',
        epoch,
        version: 0,
      });
      await expect(manager.push(offerOf(10, 'ten', epoch))).rejects.toThrow();
      await clock.advance(ttl);
      expect(await current(manager)).toBe('ten');
    });
  });

  it('whose store fails at the end continues collecting, and stores the offer when it can', async () => {
    const store = new MemoryStore();
    const commit = store.commit.bind(store);
    let failures = 2;
    store.commit = async (request) => {
      if (failures-- > 0) throw new Error('disk');
      return commit(request);
    };
    const { manager, clock } = setUp({ store });
    const epoch = await manager.epoch('a');
    await expect(manager.push(offerOf(12, 'twelve', epoch))).rejects.toThrow();
    await clock.advance(ttl);
    await expect(manager.push(seed())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(manager.lastError).toMatchObject({ message: 'disk' });
    await clock.advance(2_000);
    expect(await current(manager)).toBe('twelve');
  });

  it('that another manager on its store gave data meanwhile leaves that alone', async () => {
    const store = new MemoryStore();
    const { manager, clock } = setUp({ store });
    const { manager: other } = setUp({ store: store.share() });
    const epoch = await manager.epoch('a');
    await expect(manager.push(offerOf(12, 'twelve', epoch))).rejects.toThrow();
    expect(await other.push(seed())).toMatchObject({ kind: 'committed' });
    await clock.advance(ttl);
    expect(await current(manager)).toBe('fresh');
    expect(await manager.history('a')).toHaveLength(1);
    expect(await manager.push(offerOf(12, 'twelve', epoch))).toMatchObject({ kind: 'conflict' });
  });
});
