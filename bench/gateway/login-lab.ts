import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, type Gateway } from '../../src/gateway/index.js';
import { CfluxClient, LocalMetaClient } from '../../src/index.js';
import { InfluxMirror } from '../../src/influxdb/index.js';
import { LocalTransport, Manager, MemoryStore } from '../../src/manager/index.js';
import { type Influxd, startInfluxd } from '../../test/support/influxd.js';

export const root = { name: 'root', password: 'r00t' };

export type Login = typeof root;

/** Sends a query; resolves with the status. */
export async function ask(url: string, text: string, { name, password }: Login = root): Promise<number> {
  const authorization = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  const body = new URLSearchParams({ q: text });
  const response = await fetch(`${url}/query`, { method: 'POST', body, headers: { authorization } });
  await response.arrayBuffer();
  return response.status;
}

export const timeOf = async (work: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
};

/** A server that requires authentication, with the parts of an agent, and another node. */
export interface LoginLab {
  readonly server: Influxd;
  readonly here: CfluxClient;
  readonly elsewhere: CfluxClient;
  /** Starts a gateway that knows no password yet. */
  start(): Promise<Gateway>;
  /** Creates a user at the other node, with one grant. */
  createUser(name: string): Promise<Login>;
  close(): Promise<void>;
}

export const foundation = `CREATE USER root WITH PASSWORD 'r00t' WITH ALL PRIVILEGES`;

/** The machine may be busy with the load. */
const patience = { managerTimeout: 30_000, statementTimeout: 30_000 };

/** Starts a lab whose cluster has an administrator and a database. */
export async function startLoginLab(): Promise<LoginLab> {
  const manager = new Manager({ store: new MemoryStore() });
  const server = await startInfluxd({ auth: true });
  const dir = await mkdtemp(join(tmpdir(), 'cflux-bench-'));
  const node = () => new CfluxClient(new LocalMetaClient(), { transport: new LocalTransport(manager) });
  const [here, elsewhere] = [node(), node()];
  const account = { username: root.name, password: root.password };
  const mirror = new InfluxMirror({ url: server.url, dir, ...account });
  mirror.follow(here);
  await here.open();
  await elsewhere.open();
  const start = () => createGateway({ client: here, mirror, port: 0, ...patience });
  const gateway = await start();
  await ask(gateway.url, foundation);
  await ask(gateway.url, 'CREATE DATABASE d');
  await gateway.close();
  return {
    server,
    here,
    elsewhere,
    start,
    async createUser(name) {
      await elsewhere.createUser(name, name, false);
      await elsewhere.setPrivilege(name, 'd', 1);
      await here.waitForVersion(elsewhere.status.version);
      return { name, password: name };
    },
    async close() {
      await mirror.close();
      await here.close();
      await elsewhere.close();
      await manager.close();
      await server.remove();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
