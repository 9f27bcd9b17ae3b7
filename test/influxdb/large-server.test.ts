import { encodeMetadata } from 'clusterflux';
import { expect, it } from 'vitest';
import { describeWithServer } from '../support/servers.js';
import { database, metadata } from './support/build.js';
import { cuttingProxy } from './support/cutting-proxy.js';
import { mirror, server } from './support/lab.js';

describeWithServer('influxd', 'a server of 10,000 databases', () => {
  for (const snapshot of [true, false]) {
    it(`is read in one pass, ${snapshot ? 'by its snapshot port' : 'by SHOW'}`, async () => {
      const databases = Array.from({ length: 10_000 }, (_, at) => database(`database ${at}`));
      const influxd = await server({ metadata: encodeMetadata(metadata({ databases })) });
      const proxy = await cuttingProxy(influxd.url);
      const its = mirror(proxy, { snapshot: snapshot ? influxd.snapshot : false });
      const agreed = await its.converge(metadata({ databases }));
      expect(agreed).toMatchObject({ done: [], refused: [], inSync: 20_000 });
      // The check of the snapshot, or a statement for each database, some hundred of them per request; and, as this mirror has
      // not seen the server before, one request for the shards on disk.
      expect(proxy.reads).toBeLessThanOrEqual(snapshot ? 2 : 26);
      const more = [...databases, database('one more')];
      expect((await its.converge(metadata({ databases: more }))).done).toHaveLength(1);
    }, 60_000);
  }
});
