import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, decodeMetadata, LocalMetaClient, type Transport } from 'clusterflux';
import { LmdbStore, LocalTransport, Manager } from 'clusterflux/manager';
import { MemoryStorage } from 'clusterflux/testing';
import { expect, it, onTestFinished } from 'vitest';
import { wire } from './support/wire.js';
import { databaseNames } from './support/wrapped-clients.js';

/** Transports that reach whichever manager runs; a node that is cut off reaches none. */
function reaching(current: () => Manager, isCutOff: () => boolean): Transport {
  const inner = () => {
    if (isCutOff()) throw new Error('no network');
    return new LocalTransport(current());
  };
  const call: Transport = {
    endpoint: 'local',
    register: async (...args) => inner().register(...args),
    heartbeat: async (...args) => inner().heartbeat(...args),
    deregister: async (...args) => inner().deregister(...args),
    nodes: async (...args) => inner().nodes(...args),
    push: async (...args) => inner().push(...args),
    poll: async (...args) => inner().poll(...args),
  };
  return wire(call, {});
}

it('R11: a backup of the manager’s store was restored, and another node continued from it: what is lost is backed up and reported', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-restored-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const open = () => new Manager({ store: new LmdbStore({ dir: join(dir, 'data') }) });
  let manager = open();
  onTestFinished(() => manager.close());
  const node = async () => {
    const state = { cutOff: false };
    const storage = new MemoryStorage();
    const events: unknown[] = [];
    const transport = reaching(
      () => manager,
      () => state.cutOff,
    );
    const client = new CfluxClient(new LocalMetaClient(), { cluster: 'prod', transport, storage });
    client.on('epochChanged', (event) => events.push(event));
    onTestFinished(() => client.close());
    await client.open();
    return { client, state, storage, events };
  };
  const [first, second] = [await node(), await node()];
  await first.client.createDatabase('before');
  await second.client.refresh();

  await manager.close();
  await cp(join(dir, 'data'), join(dir, 'backup'), { recursive: true });
  manager = open();
  second.state.cutOff = true;
  const lost = await first.client.createDatabase('lost').then(() => first.client.status.version);

  first.state.cutOff = true;
  await manager.close();
  await rm(join(dir, 'data'), { recursive: true });
  await cp(join(dir, 'backup'), join(dir, 'data'), { recursive: true });
  manager = open();
  // Versions follow the time, so the restored store gives a higher one than the first node has.
  second.state.cutOff = false;
  await second.client.createDatabase('after');
  expect(second.client.status.version).toBeGreaterThan(lost);
  expect(second.events).toEqual([]);

  first.state.cutOff = false;
  await first.client.refresh();
  expect(databaseNames(await first.client.data())).toEqual(['before', 'after']);
  expect(first.storage.backups.map((backup) => databaseNames(decodeMetadata(backup)))).toEqual([
    ['before', 'lost'],
  ]);
  expect(first.events).toMatchObject([{ previousVersion: lost, version: second.client.status.version }]);
  await first.client.createDatabase('later');
  await second.client.waitForVersion(first.client.status.version);
  expect(databaseNames(await second.client.data())).toEqual(['before', 'after', 'later']);
});
