import {
  CfluxClient,
  type CfluxEventName,
  type CfluxEvents,
  type CfluxOptions,
  cfluxEventNames,
  type MetaData,
} from 'clusterflux';
import { FaultyTransport, MemoryStorage } from 'clusterflux/testing';
import { expect, onTestFinished } from 'vitest';
import type { Transport } from '../../../../src/transport/transport.js';
import { World } from '../../world/world.js';
import { forkingKind, type WrappedClient } from './wrapped-clients.js';

export interface NodeOptions<M extends WrappedClient> extends CfluxOptions {
  readonly meta?: M;
  /** What the node's network leads to; default: the world's manager. */
  readonly manager?: Transport;
  /** Its files; default: a disk of its own. `null`: it has none. */
  readonly disk?: MemoryStorage | null;
}

/** A node of a lab: a client, its wrapped client, and all its events. */
export class LabNode<M extends WrappedClient = WrappedClient> {
  readonly meta: M;
  readonly network: FaultyTransport;
  readonly disk: MemoryStorage;
  readonly client: CfluxClient<M>;
  /** Every event, in order. */
  readonly events: { readonly name: CfluxEventName; readonly payload: unknown }[] = [];

  constructor(lab: Lab, { meta, manager, disk, ...options }: NodeOptions<M>) {
    this.meta = meta ?? (forkingKind.make() as M);
    this.network = new FaultyTransport(manager ?? lab.world.fake.transport, {
      clock: lab.clock,
      patience: 2_000,
    });
    this.disk = disk ?? new MemoryStorage();
    this.client = new CfluxClient(this.meta, {
      cluster: 'lab',
      clock: lab.clock,
      random: lab.world.random,
      transport: this.network,
      ...(disk === null ? {} : { storage: this.disk }),
      ...options,
    });
    for (const name of cfluxEventNames) {
      this.client.on(name, (payload?: unknown) => this.events.push({ name, payload }));
    }
  }

  /** The payloads of the events `name`, oldest first. */
  heard<Name extends CfluxEventName>(name: Name): CfluxEvents[Name][0][] {
    const payloads = this.events.filter((event) => event.name === name).map(({ payload }) => payload);
    return payloads as CfluxEvents[Name][0][];
  }
}

/** A place to look at a rule: a manager, a clock that stands still until it is advanced, and nodes made to measure. */
export class Lab {
  readonly world: World;
  readonly nodes: LabNode[] = [];

  constructor(seed = 1) {
    this.world = new World(seed);
    onTestFinished(() => this.close());
  }

  get clock() {
    return this.world.clock;
  }

  /** Every version that was stored, oldest first. */
  get history() {
    return this.world.history;
  }

  /** The cluster's metadata as the manager has it. */
  get newest(): MetaData {
    const { data } = this.history.at(-1) ?? {};
    if (!data) throw new Error('nothing was stored');
    return data;
  }

  node<M extends WrappedClient = WrappedClient>(options: NodeOptions<M> = {}): LabNode<M> {
    const node = new LabNode<M>(this, options);
    this.nodes.push(node as unknown as LabNode);
    return node;
  }

  /** A node that has joined. */
  async open<M extends WrappedClient = WrappedClient>(options: NodeOptions<M> = {}): Promise<LabNode<M>> {
    const node = this.node(options);
    await this.run(node.client.open());
    return node;
  }

  /** Lets as much time pass as `promise` needs. */
  run<T>(promise: Promise<T>): Promise<T> {
    return this.clock.runUntil(promise);
  }

  /** Lets as much time pass as the nodes need to have what the manager has. */
  async settle(nodes: readonly { readonly client: { waitForVersion(version: number): Promise<void> } }[]) {
    const version = this.history.at(-1)?.version ?? 0;
    await this.run(Promise.all(nodes.map(({ client }) => client.waitForVersion(version))));
  }

  /** `node` was closed by the test itself. */
  forget(node: LabNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1);
  }

  /** Closes everything. R14: no timer is left, whatever the test was about. */
  async close(): Promise<void> {
    for (const { network } of this.nodes) {
      network.partitioned = false;
      network.forgetFaults();
    }
    await this.run(Promise.all(this.nodes.map(({ client }) => client.close())));
    await this.world.close();
    expect(this.clock.timers, 'timers that are left after everything was closed').toBe(0);
  }
}

/** What became of a promise so far. */
export function followed<T>(promise: Promise<T>) {
  const notified: { state: 'pending' | 'resolved' | 'rejected'; value?: T; error?: unknown } = {
    state: 'pending',
  };
  promise.then(
    (value) => Object.assign(notified, { state: 'resolved', value }),
    (error: unknown) => Object.assign(notified, { state: 'rejected', error }),
  );
  return notified;
}

/** What `promise` rejects with. */
export async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  const notified = await promise.then(
    (value) => ({ value }),
    (reason: unknown) => ({ reason }),
  );
  if ('reason' in notified) return notified.reason;
  throw new Error(`expected a rejection, got ${String(notified.value)}`);
}
