import { CfluxClient, isCfluxError, LocalMetaClient } from 'clusterflux';
import { expect } from 'vitest';
import { type EtcdCluster, startEtcd } from './etcd.js';
import { ManagerProcess } from './manager-process.js';

const database = 'shared';
const policy = 'autogen';

/** A node that makes one change after another, and notes what became of each. */
class BusyNode {
  readonly client: CfluxClient<LocalMetaClient>;
  readonly acknowledged: string[] = [];
  /** Failed for certain: must not be there. */
  readonly refused: string[] = [];
  readonly unknown: string[] = [];
  /** What must never happen, in words. */
  readonly complaints: string[] = [];
  readonly #name: string;
  #changes = 0;
  #stopping = false;
  #working: Promise<void> = Promise.resolve();

  constructor(name: string, endpoint: readonly string[]) {
    this.#name = name;
    this.client = new CfluxClient(new LocalMetaClient(), { cluster: 'fleet', endpoint, pollWait: 30_000 });
    const moved = (event: { readonly version: number; readonly previousVersion: number }) => {
      if (event.version <= event.previousVersion) this.complaints.push(`fell to ${event.version}`);
    };
    this.client.on('synced', moved).on('pushed', moved);
    for (const event of ['epochChanged', 'foreignCluster', 'diverged', 'registrationLost'] as const) {
      this.client.on(event, () => this.complaints.push(event));
    }
  }

  work(): void {
    this.#stopping = false;
    this.#working = this.#work();
  }

  async rest(): Promise<void> {
    this.#stopping = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    while (!this.#stopping) {
      // A subscription cannot be made twice: applied twice, the second time fails.
      const change = `${this.#name}-${this.#changes++}`;
      try {
        await this.client.createSubscription(database, policy, change, 'ALL', ['udp://h:1']);
        this.acknowledged.push(change);
      } catch (error) {
        if (isCfluxError(error, 'UNKNOWN_OUTCOME')) this.unknown.push(change);
        else this.refused.push(change);
        if (isCfluxError(error, 'SUBSCRIPTION_EXISTS')) this.complaints.push(`${change} was applied twice`);
      }
    }
  }
}

/** Etcd members, managers and nodes, all of them at work, for tests that break some of it. */
export class Fleet {
  readonly etcd: EtcdCluster;
  readonly managers: readonly ManagerProcess[];
  readonly nodes: readonly BusyNode[];

  private constructor(etcd: EtcdCluster, managers: readonly ManagerProcess[], nodes: readonly BusyNode[]) {
    this.etcd = etcd;
    this.managers = managers;
    this.nodes = nodes;
  }

  static async start(size: { etcd: 1 | 3; managers: number; nodes: number }): Promise<Fleet> {
    const etcd = await startEtcd(size.etcd);
    // Each prefers a manager, and each manager an etcd member, of its own.
    const from = <T>(list: readonly T[], first: number) => {
      const start = first % list.length;
      return [...list.slice(start), ...list.slice(0, start)];
    };
    const managers = Array.from(
      { length: size.managers },
      (_, number) => new ManagerProcess('/fleet/', from(etcd.endpoints, number)),
    );
    await Promise.all(managers.map((manager) => manager.start()));
    const urls = managers.map((manager) => manager.url);
    const nodes = Array.from(
      { length: size.nodes },
      (_, number) => new BusyNode(`n${number}`, from(urls, number)),
    );
    const fleet = new Fleet(etcd, managers, nodes);
    await Promise.all(nodes.map((node) => node.client.open()));
    await nodes[0]?.client.createDatabase(database);
    await Promise.all(nodes.map((node) => node.client.refresh()));
    for (const node of nodes) node.work();
    return fleet;
  }

  /** Resolves when every node has made `changes` more changes. */
  async progress(changes = 2): Promise<void> {
    const before = this.nodes.map((node) => node.acknowledged.length);
    await expect
      .poll(() => this.nodes.every((node, at) => node.acknowledged.length >= (before[at] ?? 0) + changes), {
        timeout: 60_000,
        interval: 50,
        message: 'every node goes on',
      })
      .toBe(true);
  }

  /** Waits until all nodes are idle, and compares the changes with their results; then continues. */
  async check(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.rest()));
    await Promise.all(this.nodes.map((node) => node.client.refresh()));
    const [there = new Set<string>(), ...others] = this.nodes.map(({ client }) => subscriptionsOf(client));
    for (const other of others) expect([...other].sort()).toEqual([...there].sort());
    for (const node of this.nodes) {
      expect(node.complaints).toEqual([]);
      expect(node.acknowledged.filter((change) => !there.has(change))).toEqual([]);
      expect(node.refused.filter((change) => there.has(change))).toEqual([]);
    }
    for (const node of this.nodes) node.work();
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.rest()));
    await Promise.all(this.nodes.map((node) => node.client.close()));
    await Promise.all(this.managers.map((manager) => manager.stop()));
    await this.etcd.close();
  }
}

function subscriptionsOf(client: CfluxClient<LocalMetaClient>): Set<string> {
  const data = client.meta.data();
  const shared = data.databases.find(({ name }) => name === database);
  const { subscriptions = [] } = shared?.retentionPolicies.find(({ name }) => name === policy) ?? {};
  return new Set(subscriptions.map(({ name }) => name));
}
