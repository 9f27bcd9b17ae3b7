import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { createManagerServer, LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { expect, it } from 'vitest';
import { atEnd } from '../influxdb/support/lab.js';
import { freePort } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { type GuardedNode, type GuardedOptions, guardedNode, root } from './support/guarded-lab.js';

const success = '{"results":[{"statement_id":0}]}\n';
const found = `CREATE USER ${root.name} WITH PASSWORD '${root.password}' WITH ALL PRIVILEGES`;
const other = `CREATE USER other WITH PASSWORD 'x' WITH ALL PRIVILEGES`;

/** A manager that can be replaced by another one with the metadata of another cluster. */
async function manager() {
  const port = await freePort();
  let close = async () => {};
  const start = async (made: Manager) => {
    const served = await createManagerServer(made, { host: '127.0.0.1', port });
    close = async () => {
      await served.close();
      await made.close();
    };
  };
  await start(new Manager({ store: new MemoryStore() }));
  atEnd(() => close());
  return {
    url: `http://127.0.0.1:${port}`,
    stop: () => close(),
    async replace() {
      await close();
      const made = new Manager({ store: new MemoryStore() });
      const seed = new CfluxClient(new LocalMetaClient(), {
        transport: new LocalTransport(made),
        cluster: 'lab',
      });
      await seed.open();
      await seed.createDatabase('foreign');
      await seed.close();
      await start(made);
    },
  };
}

async function node(url: string, options: GuardedOptions = {}): Promise<GuardedNode> {
  const made = await guardedNode(url, options);
  atEnd(() => made.close());
  return made;
}

const hasUsers = async ({ askServer }: GuardedNode) =>
  !(await askServer(undefined, 'SHOW USERS')).body.includes('create admin user first');

describeWithServer('influxd', 'R32: the first administrator of a cluster', () => {
  it('is created without credentials once, in a cluster and before a server without users', async () => {
    const { url } = await manager();
    const [a, b] = [await node(url), await node(url, { mirror: { username: 'agent', password: 'x' } })];
    for (const text of ['CREATE DATABASE x', `CREATE USER u WITH PASSWORD 'p'`, `SHOW USERS; ${found}`])
      expect(await a.ask(undefined, text)).toMatchObject({
        status: 403,
        body: '{"error":"error authorizing query: create admin user first or disable authentication"}\n',
      });
    const both = await Promise.all([a.ask(undefined, found), b.ask(undefined, other)]);
    expect(both.map(({ body }) => body).filter((body) => body === success)).toHaveLength(1);
    expect(await a.client.users()).toHaveLength(1);
    for (const each of [a, b]) {
      await each.client.waitForVersion(Math.max(a.client.status.version, b.client.status.version));
      const late = await each.ask(undefined, `CREATE USER late WITH PASSWORD 'x' WITH ALL PRIVILEGES`);
      expect(late).toMatchObject({ status: 401 });
    }
    expect(await a.client.users()).toHaveLength(1);
  });

  it('is followed by the other statements of its request, on its behalf', async () => {
    const a = await node((await manager()).url);
    const { body } = await a.ask(undefined, `${found}; CREATE DATABASE x; SHOW USERS; SHOW DATABASES`);
    expect(body).toBe(
      '{"results":[{"statement_id":0},{"statement_id":1},{"statement_id":2,"series":[{"columns":["user","admin"],"values":[["root",true]]}]},{"statement_id":3,"series":[{"name":"databases","columns":["name"],"values":[["x"]]}]}]}\n',
    );
  });

  it('is not created before a server that has users of its own', async () => {
    const a = await node((await manager()).url, { mirror: { username: 'local', password: 'x' } });
    await a.askServer(undefined, `CREATE USER local WITH PASSWORD 'x' WITH ALL PRIVILEGES`);
    expect(await a.ask(undefined, found)).toMatchObject({
      status: 401,
      body: '{"error":"unable to parse authentication credentials"}\n',
    });
    // A user of this server alone is none of the cluster.
    expect(await a.ask({ name: 'local', password: 'x' }, found)).toMatchObject({ status: 401 });
    expect(await a.client.users()).toEqual([]);
  });

  it('is not created before the node has joined its cluster: the server judges everything', async () => {
    const a = await node('http://127.0.0.1:1', { isOffline: true });
    expect((await a.ask(undefined, found)).body).toMatch(
      /cannot change the cluster: this node has not joined/,
    );
    expect((await a.ask(undefined, 'SHOW DATABASES')).status).toBe(403);
    expect(await hasUsers(a)).toBe(false);
    await a.askServer(undefined, found);
    expect((await a.ask(root, 'SHOW DATABASES')).status).toBe(200);
    expect((await a.ask({ ...root, password: 'x' }, 'SHOW DATABASES')).status).toBe(401);
    for (const text of ['CREATE DATABASE x', 'SHOW USERS'])
      expect((await a.ask(root, text)).body).toMatch(
        /"error":"cannot change the cluster: this node has not joined/,
      );
    expect((await a.askServer(root, 'SHOW DATABASES')).body).not.toContain('"x"');
  });

  it('is not created while the manager is away', async () => {
    const made = await manager();
    const a = await node(made.url);
    await made.stop();
    await expect.poll(() => a.client.status.state).toBe('offline');
    expect((await a.ask(undefined, found)).body).toMatch(
      /cannot create the first administrator: the manager is not available/,
    );
    expect(await hasUsers(a)).toBe(false);
  });

  it('is not created while the manager has another cluster, and the last accepted metadata judges logins', async () => {
    const made = await manager();
    const [a, b] = [await node(made.url), await node(made.url)];
    expect((await a.ask(undefined, found)).body).toBe(success);
    await b.client.waitForVersion(a.client.status.version);
    await made.replace();
    await expect.poll(() => a.client.status.state, { timeout: 20_000 }).toBe('foreignCluster');
    expect((await a.ask(root, 'SHOW DATABASES')).status).toBe(200);
    expect((await a.ask({ ...root, password: 'x' }, 'SHOW DATABASES')).status).toBe(401);
    expect((await a.ask(root, 'CREATE DATABASE x')).body).toMatch(/nothing was changed/);
    expect((await a.ask(undefined, other)).status).toBe(401);
  });
});
