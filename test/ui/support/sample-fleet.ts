import { randomUUID } from 'node:crypto';
import { encodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';
import type { Manager } from 'clusterflux/manager';
import type { NodeReport } from '../../../src/protocol/node-report.js';

export interface SampleNode {
  readonly id: number;
  readonly instance: string;
  readonly kind: 'agent' | 'library' | 'legacy';
  /** It sends heartbeats. */
  isAlive: boolean;
  /** The version that it stays at; undefined: the newest. */
  stuckAt?: number | undefined;
}

/** A cluster of a manager in this process, with nodes that report what they are told to. */
export class SampleCluster {
  readonly name: string;
  readonly nodes: SampleNode[] = [];
  readonly #manager: Manager;
  readonly #meta = new LocalMetaClient({ bcryptCost: 4 });
  version = 0;
  epoch = '';

  constructor(manager: Manager, name: string) {
    this.#manager = manager;
    this.name = name;
  }

  get data(): MetaData {
    return this.#meta.data();
  }

  /** Changes the metadata and pushes it. Resolves with the version. */
  async change(
    change: (meta: LocalMetaClient) => unknown,
    { author, nodeId }: { readonly author?: string; readonly nodeId?: number } = {},
  ): Promise<number> {
    await change(this.#meta);
    const result = await this.#manager.push(
      {
        cluster: this.name,
        version: this.version,
        snapshot: encodeMetadata(this.#meta.data()),
        mutation: randomUUID(),
        nodeId,
      },
      { requester: author === undefined ? {} : { author } },
    );
    if (result.kind !== 'committed') throw new Error(`the sample lost a race: ${result.kind}`);
    this.version = result.version;
    this.epoch = result.epoch ?? '';
    return this.version;
  }

  /** What the manager has is the base of the next change, after another party changed it. */
  follow(data: MetaData, version: number): void {
    void this.#meta.setData(data);
    this.version = version;
  }

  async join(hostname: string, kind: SampleNode['kind'] = 'agent'): Promise<SampleNode> {
    const number = this.nodes.length + 1;
    const instance = randomUUID();
    const { id } = await this.#manager.register(
      this.name,
      { ip: `10.0.0.${number},`, hostname, bindAddress: `${hostname}:8086` },
      {},
      kind === 'legacy' ? {} : { instance },
    );
    const node: SampleNode = { id, instance, kind, isAlive: true };
    this.nodes.push(node);
    await this.beat(node);
    return node;
  }

  async beat(node: SampleNode, leaving = false): Promise<void> {
    const version = node.stuckAt ?? this.version;
    const progress =
      node.kind === 'legacy'
        ? {}
        : {
            instance: node.instance,
            ...(this.epoch === '' ? {} : { epoch: this.epoch }),
            version,
            ...(node.kind === 'agent' ? { applied: version } : {}),
          };
    await this.#manager.heartbeat(this.name, node.id, { leaving, progress });
  }

  async beatAll(): Promise<void> {
    for (const node of this.nodes) if (node.isAlive) await this.beat(node);
  }

  async leave(node: SampleNode): Promise<void> {
    node.isAlive = false;
    await this.beat(node, true);
  }

  report(node: SampleNode, report: Partial<NodeReport> = {}): Promise<void> {
    return this.#manager.report(this.name, node.id, {
      version: this.version,
      at: Date.now(),
      influxdb: { reachable: true, version: '1.8.10' },
      drops: false,
      inSync: 12,
      pending: 0,
      refused: 0,
      unmanaged: 0,
      unverified: 0,
      findings: [],
      ...report,
    });
  }
}

/** Fills a manager with two clusters in every condition that the dashboard shows. */
export async function fillSample(
  manager: Manager,
): Promise<{ readonly prod: SampleCluster; readonly staging: SampleCluster }> {
  const [prod, staging] = [new SampleCluster(manager, 'prod'), new SampleCluster(manager, 'staging')];
  const ana = { author: 'ana' };
  await prod.change(async (meta) => {
    for (const name of ['telegraf', 'sensors', '_internal']) await meta.createDatabase(name);
    await meta.createUser('ana', 'a password', true);
    await meta.createUser('grafana', 'another', false);
    await meta.setPrivilege('grafana', 'telegraf', 1);
  }, ana);
  for (let number = 1; number <= 12; number++)
    await prod.join(`influx-${number}`, number === 9 ? 'legacy' : number === 10 ? 'library' : 'agent');
  await prod.change(
    (meta) =>
      meta.createRetentionPolicy('sensors', { name: 'raw', duration: '10d', shardGroupDuration: '1d' }, true),
    {
      nodeId: prod.nodes[0]?.id ?? 0,
    },
  );
  const stuck = await prod.change((meta) => meta.createDatabase('billing'), { author: 'ci' });
  await prod.change((meta) => meta.setPrivilege('grafana', 'sensors', 2), ana);
  await prod.change((meta) => meta.dropDatabase('billing'), ana);
  await prod.change(
    (meta) =>
      meta.createContinuousQuery(
        'sensors',
        'hourly',
        'CREATE CONTINUOUS QUERY hourly ON sensors BEGIN SELECT mean(value) INTO sensors.autogen.hourly FROM sensors.raw.values GROUP BY time(1h) END',
      ),
    { author: 'ci' },
  );
  const [, second, third, fourth, , , seventh, eighth] = prod.nodes;
  for (const node of prod.nodes) if (node.kind === 'agent') await prod.report(node);
  if (second !== undefined)
    await prod.report(second, {
      inSync: 9,
      pending: 2,
      refused: 1,
      findings: [
        { kind: 'refused', text: 'database "a/b": InfluxDB refuses the name' },
        { kind: 'pending', text: 'password of user "grafana"' },
        { kind: 'pending', text: 'password of user "ana"' },
      ],
    });
  if (third !== undefined) await prod.report(third, { drops: true });
  if (fourth !== undefined) fourth.stuckAt = stuck;
  if (eighth !== undefined)
    await prod.report(eighth, {
      influxdb: { reachable: false, error: 'connect ECONNREFUSED 10.0.0.8:8086' },
    });
  await prod.beatAll();
  if (seventh !== undefined) await prod.leave(seventh);
  await staging.change((meta) => meta.createDatabase('telegraf'), { author: 'ci' });
  for (const name of ['staging-1', 'staging-2']) await staging.report(await staging.join(name));
  return { prod, staging };
}
