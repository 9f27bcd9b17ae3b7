import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InfluxMirror, type InfluxMirrorOptions, readInfluxMetadata } from 'clusterflux/influxdb';
import { afterEach, expect, it } from 'vitest';
import { type Influxd, type InfluxdOptions, startInfluxd } from '../support/influxd.js';
import { schemaOf } from '../support/schema.js';
import { describeWithServer } from '../support/servers.js';
import { database, day, hour, metadata, policy, query, subscription, user } from './build.js';

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

async function start(options: InfluxdOptions = {}): Promise<Influxd> {
  const server = await startInfluxd(options);
  cleanUp.push(() => server.remove());
  return server;
}

async function temporaryDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-mirror-'));
  cleanUp.push(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

function mirrorOf(server: Influxd, options: Partial<InfluxMirrorOptions> = {}): InfluxMirror {
  const mirror = new InfluxMirror({ url: server.url, ...options });
  cleanUp.push(() => mirror.close());
  return mirror;
}

const passwords = (name: string) => name;

const whole = metadata({
  databases: [
    database(
      'telegraf',
      [
        policy('two weeks', { duration: 14n * day, subscriptions: [subscription('kapacitor', 'ANY')] }),
        policy('autogen'),
        policy('forever', { replicaN: 3, shardGroupDuration: day }),
      ],
      {
        continuousQueries: [
          query(
            'mean',
            'CREATE CONTINUOUS QUERY mean ON telegraf RESAMPLE EVERY 1m FOR 600s BEGIN SELECT mean(v) INTO telegraf.autogen.m FROM "telegraf"."two weeks".cpu GROUP BY time(300s) END',
          ),
        ],
      },
    ),
    database('no default', [policy('only', { duration: hour })], { defaultRetentionPolicy: '' }),
    database('no policies', []),
  ],
  users: [
    user('root', { admin: true }),
    user('bob', {
      privileges: new Map([
        ['telegraf', 1],
        ['no policies', 3],
        ['no default', 0],
      ]),
    }),
  ],
});

for (const snapshot of [true, false]) {
  describeWithServer('influxd', `InfluxMirror, reading by ${snapshot ? 'the snapshot port' : 'SHOW'}`, () => {
    it('makes an empty server what the cluster is, and then has nothing left to do', async () => {
      const server = await start();
      const mirror = mirrorOf(server, { snapshot, passwords });
      const first = await mirror.converge(whole);
      expect(first).toMatchObject({
        refused: [],
        pending: [],
        onlyHere: [],
        source: snapshot ? 'snapshot' : 'show',
      });
      const second = await mirror.converge(whole);
      expect(second).toMatchObject({ done: [], refused: [], pending: [], onlyHere: [], unverified: [] });
      expect((await mirror.plan(whole)).steps).toEqual([]);

      const present = schemaOf(await readInfluxMetadata(server.url));
      const wanted = schemaOf(whole);
      expect(present.users).toEqual(wanted.users);
      expect(present.databases.map(({ name, retentionPolicies }) => [name, retentionPolicies])).toEqual(
        wanted.databases.map(({ name, retentionPolicies }) => [name, retentionPolicies]),
      );
      expect(present.databases.map(({ defaultRetentionPolicy }) => defaultRetentionPolicy)).toEqual([
        'two weeks',
        'cflux-none',
        'cflux-none',
      ]);
    });
  });
}
