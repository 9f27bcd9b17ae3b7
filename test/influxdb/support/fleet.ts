import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { InfluxMirror, type InfluxMirrorOptions, readInfluxMetadata } from 'clusterflux/influxdb';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import type { Influxd } from '../../support/influxd.js';
import { freePort } from '../../support/influxd.js';
import { schemaOf } from '../../support/schema.js';
import { atEnd, directory, server } from './lab.js';

/** A manager on one port, whose memory can be lost. */
export interface LabManager {
  readonly url: string;
  /** Kills it, with all that it knew, and starts another one in its place. */
  loseEverything(): Promise<void>;
}

/** Milliseconds: short, so that a manager without data has soon collected what its nodes have. Between heartbeats no node is alive then. */
const shortTtl = 1_500;

export async function labManager(nodeTtl = shortTtl): Promise<LabManager> {
  const port = await freePort();
  const start = async () => {
    const manager = new Manager({ store: new MemoryStore(), nodeTtl });
    const served = await createManagerServer(manager, { host: '127.0.0.1', port });
    return async () => {
      await served.close();
      await manager.close();
    };
  };
  let stop = await start();
  atEnd(() => stop());
  return {
    url: `http://127.0.0.1:${port}`,
    async loseEverything() {
      await stop();
      stop = await start();
    },
  };
}

/** A real server, and what an agent is made of beside it. */
export interface Node {
  readonly influxd: Influxd;
  readonly client: CfluxClient<LocalMetaClient>;
  readonly mirror: InfluxMirror;
}

/** Options of a mirror, perhaps by its server. */
export type NodeOptions = Partial<InfluxMirrorOptions> | ((influxd: Influxd) => Partial<InfluxMirrorOptions>);

/** @param seenAt returns the URL at which the node sees its server, such as that of a proxy. */
export async function node(
  endpoint: string,
  options: NodeOptions = {},
  seenAt: (url: string) => Promise<string> = async (url) => url,
): Promise<Node> {
  const influxd = await server();
  const dir = await directory();
  await mkdir(join(dir, 'cluster'));
  const client = new CfluxClient(new LocalMetaClient({ dir: join(dir, 'cluster'), bcryptCost: 4 }), {
    endpoint,
    dir,
    cluster: 'lab',
    heartbeatInterval: 300,
  });
  const mirror = new InfluxMirror({
    url: await seenAt(influxd.url),
    dir,
    interval: 60_000,
    passwords: (user) => user,
    statementsPerSecond: 1e4,
    ...(typeof options === 'function' ? options(influxd) : options),
  });
  mirror.follow(client);
  await client.open();
  atEnd(async () => {
    await mirror.close();
    await client.close();
  });
  return { influxd, client, mirror };
}

/** Resolves when the server of `node` has what the cluster has at `version` or later, and with the mirror's report of it. */
export async function inStep({ client, mirror }: Node, version: number): Promise<void> {
  await client.waitForVersion(version);
  const isThere = async () => {
    const { epoch } = client.status;
    const plan = await mirror.plan(await client.data(), {
      version: client.status.version,
      ...(epoch ? { epoch } : {}),
    });
    return plan.steps.length === 0;
  };
  while (!(await isThere())) await new Promise<void>((resolve) => mirror.on('report', () => resolve()));
}

/** The schema that a server shows. */
export const shown = async ({ influxd }: Node) => schemaOf(await readInfluxMetadata(influxd.url));
