import { LocalMetaClient } from 'clusterflux';
import { importUnmanaged } from 'clusterflux/influxdb';
import { describe, expect, it } from 'vitest';
import { answeringProxy } from '../influxdb/support/answering-proxy.js';
import { mirror, server } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';

describeWithServer('influxd', 'a response with status 200 and nothing in it', () => {
  const bodies: [what: string, body: string][] = [
    ['an empty body', ''],
    ['no results', '{"results":[]}'],
    ['one result for several statements', '{"results":[{"statement_id":0}]}'],
  ];
  describe.each(bodies)('%s', (_what, body) => {
    it('R34: is an error, and the drops of the cluster are remembered', async () => {
      const influxd = await server();
      const proxy = await answeringProxy(influxd.url);
      const its = mirror(proxy, { snapshot: false });
      const cluster = new LocalMetaClient();
      for (const name of ['kept', 'gone']) await cluster.createDatabase(name);
      const at = (version: number) => ({ epoch: 'e', version });
      await its.converge(cluster.data(), at(1));
      await cluster.dropDatabase('gone');
      const pending = [{ item: { kind: 'database', database: 'gone' } }];
      expect(await its.converge(cluster.data(), at(2))).toMatchObject({ pending });

      proxy.respond = () => ({ body });
      await expect(its.converge(cluster.data(), at(2))).rejects.toMatchObject({ code: 'BAD_ANSWER' });
      proxy.respond = () => undefined;
      expect(await its.converge(cluster.data(), at(2))).toMatchObject({ pending, unmanaged: [] });
      const target = {
        data: () => cluster.data(),
        mutate: async <T>(operation: (meta: LocalMetaClient) => T | PromiseLike<T>) => operation(cluster),
        status: at(2),
      };
      expect(await importUnmanaged(its, target)).toMatchObject({ added: [] });
    });
  });
});
