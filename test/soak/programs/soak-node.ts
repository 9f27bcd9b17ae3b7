import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CfluxClient, digestMetadata, isCfluxError, LocalMetaClient } from '../../../src/index.js';
import type { Counts, FinalNode, SoakReport } from './messages.js';

/** Where every node has one subscription of its own, which it makes and drops in turn: the metadata stays as large as it is. */
export const database = 'soak';
const policy = 'autogen';
/** Milliseconds after which an open node must count as alive. */
const settledAfter = 20_000;

export type Tally = { -readonly [Name in keyof Counts]: Counts[Name] };

/** One node, which closes and opens again with all that it keeps. */
export class SoakNode {
  readonly name: string;
  readonly #dir: string;
  readonly #endpoint: string;
  readonly #notify: (report: SoakReport) => void;
  readonly #tally: Tally;
  #client: CfluxClient<LocalMetaClient> | undefined;
  #openedAt = Number.POSITIVE_INFINITY;
  /** Whether its subscription exists; undefined if that is unknown. */
  #expected: boolean | undefined = false;
  #isBusy = false;

  constructor(
    name: string,
    dir: string,
    endpoint: string,
    tally: Tally,
    notify: (report: SoakReport) => void,
  ) {
    this.name = name;
    this.#dir = join(dir, name);
    this.#endpoint = endpoint;
    this.#tally = tally;
    this.#notify = notify;
    mkdirSync(join(this.#dir, 'meta'), { recursive: true });
  }

  get isOpen(): boolean {
    return this.#client !== undefined;
  }

  /** Its id, once it has been open for so long that the manager must count it as alive. */
  get settledId(): number | undefined {
    return performance.now() - this.#openedAt > settledAfter ? this.#client?.status.nodeId : undefined;
  }

  /** Whoever holds it has it alone. */
  async exclusively(work: () => Promise<void>): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    await work().finally(() => {
      this.#isBusy = false;
    });
  }

  async open(): Promise<void> {
    if (this.#client !== undefined) return;
    const client = new CfluxClient(new LocalMetaClient({ dir: join(this.#dir, 'meta'), bcryptCost: 4 }), {
      cluster: 'soak',
      endpoint: this.#endpoint,
      dir: this.#dir,
      startOffline: true,
    });
    const { name } = this;
    client.on('heartbeat', () => this.#count('heartbeats'));
    client.on('synced', () => this.#count('synced'));
    client.on('conflict', () => this.#count('conflicts'));
    client.on('heartbeatFailed', ({ error }) => {
      this.#notify({
        kind: 'heartbeatFailed',
        node: name,
        at: Date.now(),
        error: `${error.code}: ${error.message}`,
      });
    });
    for (const event of ['registrationLost', 'epochChanged', 'foreignCluster', 'diverged'] as const) {
      client.on(event, () => this.#notify({ kind: 'complaint', node: name, what: `told of ${event}` }));
    }
    this.#client = client;
    await client.open();
    this.#openedAt = performance.now();
    this.#count('opened');
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#openedAt = Number.POSITIVE_INFINITY;
    await client?.close();
  }

  /** Makes its subscription, or drops it. */
  async change(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    try {
      const isThere = await client.mutate((meta) => this.#toggle(meta));
      if (this.#expected === isThere)
        this.#notify({ kind: 'complaint', node: this.name, what: 'a change was lost or made twice' });
      this.#expected = isThere;
      this.#count('changes');
    } catch (error) {
      const isUnknown = isCfluxError(error, 'UNKNOWN_OUTCOME');
      if (isUnknown) this.#expected = undefined;
      if (!isCfluxError(error)) this.#notify({ kind: 'complaint', node: this.name, what: String(error) });
      this.#count(isUnknown ? 'unknown' : 'failed');
    }
  }

  async #toggle(meta: LocalMetaClient): Promise<boolean> {
    await meta.createDatabase(database);
    const isThere = has(meta, this.name);
    if (isThere) await meta.dropSubscription(database, policy, this.name);
    else await meta.createSubscription(database, policy, this.name, 'ANY', ['udp://h:1']);
    return !isThere;
  }

  /** What it has in the end. */
  async final(): Promise<FinalNode> {
    const { name } = this;
    const client = this.#client;
    if (client === undefined) throw new Error(`${name} is closed`);
    await client.refresh({ timeout: 30_000 });
    const digest = digestMetadata(client.meta.data());
    return {
      name,
      version: client.status.version,
      digest,
      expected: this.#expected,
      found: has(client.meta, name),
    };
  }

  #count(what: keyof Tally): void {
    this.#tally[what] += 1;
  }
}

function has(meta: LocalMetaClient, name: string): boolean {
  const policies = meta.data().databases.find((one) => one.name === database)?.retentionPolicies;
  const { subscriptions = [] } = policies?.find((one) => one.name === policy) ?? {};
  return subscriptions.some((one) => one.name === name);
}
