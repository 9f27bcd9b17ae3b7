import { EtcdStore, Manager } from 'clusterflux/manager';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { Fleet } from '../support/fleet.js';
import { describeWithServer } from '../support/servers.js';

/** At night each member once; otherwise two of them: `EVERY_MEMBER=1`. */
const [killed, hanging] = process.env['EVERY_MEMBER']
  ? [
      [0, 1, 2],
      [0, 1, 2],
    ]
  : [[0], [1]];

describeWithServer('etcd', 'managers on etcd, whatever breaks', () => {
  vi.setConfig({ testTimeout: 120_000 });
  let fleet: Fleet;

  beforeAll(async () => {
    fleet = await Fleet.start({ etcd: 3, managers: 2, nodes: 4 });
  });
  afterAll(() => fleet.close());

  it('two managers push at once, and every change is made once', async () => {
    await fleet.progress(10);
    await fleet.check();
  });

  it.each([0, 1])(
    'a manager is killed in the middle of pushes: its nodes carry on with another (%i)',
    async (at) => {
      await fleet.managers[at]?.kill();
      await fleet.progress();
      await fleet.managers[at]?.start();
      await fleet.progress();
      await fleet.check();
    },
  );

  it.each(killed)('etcd member %i is killed', async (at) => {
    await fleet.etcd.members[at]?.kill();
    await fleet.progress();
    await fleet.etcd.members[at]?.start();
    await fleet.etcd.ready();
    await fleet.check();
  });

  it.each(hanging)('etcd member %i hangs', async (at) => {
    fleet.etcd.members[at]?.pause();
    await fleet.progress();
    fleet.etcd.members[at]?.resume();
    await fleet.check();
  });

  it('the quorum is lost and returns: the loss is reported, and managers resume without a restart', async () => {
    const store = new EtcdStore({ endpoints: fleet.etcd.endpoints });
    const manager = new Manager({ store });
    onTestFinished(() => manager.close());
    await manager.check();
    const [first, second] = fleet.etcd.members;
    await Promise.all([first?.kill(), second?.kill()]);
    await expect(manager.check()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('etcd'),
    });
    await Promise.all([first?.start(), second?.start()]);
    await fleet.etcd.ready();
    await manager.check();
    await fleet.progress();
    await fleet.check();
  });

  it('etcd is compacted while a manager is away', async () => {
    const [here, away] = fleet.managers;
    away?.signal('SIGSTOP');
    await fleet.progress();
    const { header } = await fleet.etcd.gateway('kv/range', { key: 'AA==' });
    const { revision } = Object(header);
    await fleet.etcd.gateway('kv/compaction', { revision });
    away?.signal('SIGCONT');
    here?.signal('SIGSTOP');
    await fleet.progress();
    here?.signal('SIGCONT');
    await fleet.check();
  });

  it('R21: the clock of a manager jumps an hour ahead and back, and versions only rise', async () => {
    const [manager] = fleet.managers;
    for (const _ of ['ahead', 'back']) {
      manager?.signal('SIGUSR2');
      await fleet.progress(5);
    }
    await fleet.check();
  });
});
