import { CfluxError } from 'clusterflux';
import { Manager, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { expect, it } from 'vitest';

it('R22: a held poll completes although the store failed when the change was reported', async () => {
  const clock = new ManualClock();
  const shared = new MemoryStore();
  const failing = shared.share();
  const [here, elsewhere] = [new Manager({ store: failing, clock }), new Manager({ store: shared, clock })];
  const push = { cluster: 'c', snapshot: new Uint8Array([1]) };
  const first = await elsewhere.push({ ...push, version: 0, mutation: 'm-1' });
  const version = first.kind === 'committed' ? first.version : 0;
  const held = here.poll({ cluster: 'c', version, wait: 300_000 });
  await clock.advance(1);

  const { head } = failing;
  let failures = 0;
  failing.head = async () => {
    failures += 1;
    throw new CfluxError('UNAVAILABLE', 'no quorum', { retryable: true });
  };
  await elsewhere.push({ ...push, version, mutation: 'm-2' });
  await clock.advance(2_500);
  expect(failures).toBe(3);
  failing.head = head;
  await clock.advance(1_000);
  expect(await held).toMatchObject({ kind: 'snapshot', mutation: 'm-2' });
  await Promise.all([here.close(), elsewhere.close()]);
  expect(clock.timers).toBe(0);
});
