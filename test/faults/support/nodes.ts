import {
  CfluxClient,
  type CfluxEventName,
  type CfluxEvents,
  type CfluxOptions,
  cfluxEventNames,
  LocalMetaClient,
} from 'clusterflux';
import { expect, onTestFinished } from 'vitest';
import { HastenedClock } from './hastened-clock.js';

/** A node over real sockets, and all its events. */
export interface FaultNode {
  readonly client: CfluxClient<LocalMetaClient>;
  readonly meta: LocalMetaClient;
  readonly clock: HastenedClock;
  /** The payloads of the events `name` so far, oldest first. */
  heard<Name extends CfluxEventName>(name: Name): CfluxEvents[Name][0][];
  /** Names of the databases that the node has. */
  databases(): string[];
}

export interface FaultNodeOptions extends CfluxOptions {
  /** How much faster than the machine's its clock runs. Default: 10, so that it beats twice a second. */
  readonly haste?: number;
  /** Where its own `meta.db` is. Default: in memory. */
  readonly metaDir?: string;
}

/** A node that is not open yet; it is closed when the test ends. */
export function newNode(
  endpoint: string,
  { haste = 10, metaDir, ...options }: FaultNodeOptions = {},
): FaultNode {
  const meta = new LocalMetaClient({ bcryptCost: 4, ...(metaDir === undefined ? {} : { dir: metaDir }) });
  const clock = new HastenedClock(haste);
  const client = new CfluxClient(meta, {
    cluster: 'faults',
    endpoint,
    clock,
    ...options,
  });
  const events: { readonly name: CfluxEventName; readonly payload: unknown }[] = [];
  for (const name of cfluxEventNames) client.on(name, (payload?: unknown) => events.push({ name, payload }));
  onTestFinished(() => client.close({ timeout: 100 }));
  return {
    client,
    meta,
    clock,
    heard: <Name extends CfluxEventName>(name: Name) =>
      events.filter((event) => event.name === name).map(({ payload }) => payload) as CfluxEvents[Name][0][],
    databases: () => meta.data().databases.map((database) => database.name),
  };
}

/** A node that has joined. A hastened one has little patience for a machine that is busy: it may try again. */
export async function openNode(endpoint: string, options: FaultNodeOptions = {}): Promise<FaultNode> {
  const node = newNode(endpoint, options);
  for (let tries = 1; ; tries++) {
    try {
      await node.client.open();
      return node;
    } catch (error) {
      if (tries === 10) throw error;
    }
  }
}

/** Resolves as soon as `look` returns true; rejects after `seconds`. */
export async function until(
  look: () => boolean | Promise<boolean>,
  what: string,
  seconds = 60,
): Promise<void> {
  await expect.poll(look, { timeout: seconds * 1_000, interval: 10, message: what }).toBe(true);
}

/** The database whose subscriptions the nodes of a test make: one cannot be made twice, so that doing it again shows. */
export const database = 'shared';

export const subscribe = ({ client }: Pick<FaultNode, 'client'>, name: string): Promise<void> =>
  client.createSubscription(database, 'autogen', name, 'ALL', ['udp://h:1']);

/** Names of the subscriptions that the node has. */
export function subscriptions({ meta }: Pick<FaultNode, 'meta'>): string[] {
  const shared = meta.data().databases.find(({ name }) => name === database);
  return shared?.retentionPolicies.flatMap((policy) => policy.subscriptions.map(({ name }) => name)) ?? [];
}
