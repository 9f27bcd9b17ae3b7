import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { createGateway, type Gateway, type GatewayOptions } from 'clusterflux/gateway';
import { InfluxMirror, type InfluxMirrorOptions } from 'clusterflux/influxdb';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import { Passwords } from '../../../src/meta/passwords.js';
import { type Influxd, startInfluxd } from '../../support/influxd.js';
import { exchange, query, type Received, type Sent } from './exchange.js';

/** The account of the agents: an administrator of the cluster. */
export const root = { name: 'root', password: 'r00t' } as const;
/** The secret of the servers, and of the gateways. */
export const secret = 'a shared secret';

export interface Login {
  readonly name: string;
  readonly password: string;
}

export const basic = ({ name, password }: Login): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});

/** A query with the credentials of a user. */
export function queryAs(login: Login | undefined, text: string, more: Record<string, string> = {}): Sent {
  const sent = query(text, more);
  return login === undefined ? sent : { ...sent, headers: { ...sent.headers, ...basic(login) } };
}

/** A real server that requires credentials, with an agent's parts and a gateway before it. */
export interface GuardedNode {
  readonly influxd: Influxd;
  readonly client: CfluxClient<LocalMetaClient>;
  readonly mirror: InfluxMirror;
  readonly gateway: Gateway;
  /** Sends a query to the gateway. */
  ask(login: Login | undefined, text: string, more?: Record<string, string>): Promise<Received>;
  /** Sends a query to the server itself. */
  askServer(login: Login | undefined, text: string): Promise<Received>;
  close(): Promise<void>;
}

export interface GuardedOptions {
  readonly mirror?: Partial<InfluxMirrorOptions>;
  readonly gateway?: Partial<GatewayOptions>;
  /** Returns the URL at which the node sees its server. */
  readonly seenAt?: (url: string) => Promise<string>;
  /** Whether to open the client only later. Default: false. */
  readonly isOffline?: boolean;
}

const passwords = new Passwords(4);

/** Starts a node; hashes of the cluster are cheap. */
export async function guardedNode(endpoint: string, options: GuardedOptions = {}): Promise<GuardedNode> {
  const influxd = await startInfluxd({ auth: true, sharedSecret: secret });
  const url = (await options.seenAt?.(influxd.url)) ?? influxd.url;
  const dir = await mkdtemp(join(tmpdir(), 'cflux-guarded-'));
  await mkdir(join(dir, 'cluster'));
  const client = new CfluxClient(new LocalMetaClient({ dir: join(dir, 'cluster'), bcryptCost: 4 }), {
    endpoint,
    dir,
    cluster: 'lab',
    heartbeatInterval: 300,
    retry: { attempts: 2, maxDelay: 200 },
    ...(options.isOffline ? { startOffline: true } : {}),
  });
  const mirror = new InfluxMirror({
    url,
    dir,
    interval: 60_000,
    username: root.name,
    password: root.password,
    statementsPerSecond: 1e4,
    drops: 'apply',
    maxDrops: 100,
    ...options.mirror,
  });
  mirror.follow(client);
  await client.open();
  const hashPassword = (password: string) => passwords.hash(password);
  const gateway = await createGateway({
    client,
    mirror,
    port: 0,
    hashPassword,
    jwtSecret: secret,
    // The machine may be busy, and no test measures these.
    managerTimeout: 20_000,
    statementTimeout: 30_000,
    ...options.gateway,
  });
  return {
    influxd,
    client,
    mirror,
    gateway,
    ask: (login, text, more) => exchange(gateway.url, queryAs(login, text, more)),
    askServer: (login, text) => exchange(influxd.url, queryAs(login, text)),
    async close() {
      await gateway.close();
      await mirror.close();
      await client.close();
      await influxd.remove();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export interface GuardedLab {
  readonly endpoint: string;
  readonly nodes: readonly GuardedNode[];
  close(): Promise<void>;
}

/** Starts nodes whose cluster has got its first administrator through the first gateway. */
export async function guardedLab(count: number, options: GuardedOptions = {}): Promise<GuardedLab> {
  const manager = new Manager({ store: new MemoryStore() });
  const served = await createManagerServer(manager, { port: 0 });
  const nodes: GuardedNode[] = [];
  for (let at = 0; at < count; at += 1) nodes.push(await guardedNode(served.url, options));
  const [first] = nodes;
  const founded = await first?.ask(
    undefined,
    `CREATE USER ${root.name} WITH PASSWORD '${root.password}' WITH ALL PRIVILEGES`,
  );
  if (founded?.body !== '{"results":[{"statement_id":0}]}\n')
    throw new Error(`not founded: ${founded?.body}`);
  for (const { mirror, client } of nodes) {
    while (mirror.lastReport === undefined || (await client.users()).length === 0)
      await new Promise<void>((resolve) => mirror.once('report', () => resolve()));
  }
  return {
    endpoint: served.url,
    nodes,
    async close() {
      for (const node of nodes) await node.close();
      await served.close();
      await manager.close();
    },
  };
}
