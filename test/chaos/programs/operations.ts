import { type CfluxClient, isCfluxError, type LocalMetaClient, type MetaData } from '../../../src/index.js';
import type { Call, Contents, Result } from '../history.js';

const policy = 'autogen';
const slots = 'slots';
/** Long, so that the metadata grows, and with it the store: on a full disk that must be noticed. */
const destination = `udp://${'a-part-of-a-long-name.'.repeat(5)}example:8089`;

/** Carries out a change, and resolves with what its caller would get. */
export async function change(
  client: CfluxClient<LocalMetaClient>,
  call: Exclude<Call, { do: 'read' }>,
): Promise<Result> {
  const { key } = call;
  switch (call.do) {
    case 'append':
      return unless('exists', ['SUBSCRIPTION_EXISTS'], () =>
        client.mutate(async (meta) => {
          await meta.createDatabase(key);
          await meta.createSubscription(key, policy, call.value, 'ALL', [destination]);
        }),
      );
    case 'create':
      return unless('exists', ['SUBSCRIPTION_EXISTS'], () =>
        client.mutate(async (meta) => {
          await meta.createDatabase(slots);
          await meta.createSubscription(slots, policy, key, 'ALL', [`udp://${call.value}:1`]);
        }),
      );
    case 'drop':
      return unless(
        'missing',
        ['SUBSCRIPTION_NOT_FOUND', 'DATABASE_NOT_FOUND', 'RETENTION_POLICY_NOT_FOUND'],
        () => client.dropSubscription(slots, policy, key),
      );
    case 'make':
      await client.createDatabase(key);
      return 'done';
    case 'remove':
      await client.dropDatabase(key);
      return 'done';
    case 'recreate':
      await client.mutate(async (meta, { orderDrop }) => {
        orderDrop({ kind: 'database', database: key });
        // Changes that are pushed together have one order for the same item: this one marks the change.
        orderDrop({ kind: 'retentionPolicy', database: key, policy: call.value });
        await meta.dropDatabase(key);
        await meta.createDatabase(key);
      });
      return 'done';
  }
}

async function unless(
  result: 'exists' | 'missing',
  codes: readonly string[],
  work: () => Promise<unknown>,
): Promise<Result> {
  try {
    await work();
    return 'done';
  } catch (error) {
    if (isCfluxError(error) && codes.includes(error.code)) return result;
    throw error;
  }
}

/** The contents of `data` for `keys`, or for every key. */
export function contentsOf(data: MetaData, keys?: readonly string[]): Contents {
  const contents: Record<string, string> = {};
  for (const database of data.databases) {
    const subscriptions = database.retentionPolicies.find(({ name }) => name === policy)?.subscriptions ?? [];
    if (database.name === slots) {
      for (const { name, destinations } of subscriptions)
        contents[name] = new URL(destinations[0] ?? '').hostname;
    } else contents[database.name] = subscriptions.map(({ name }) => name).join(' ') || 'there';
  }
  return keys === undefined ? contents : Object.fromEntries(keys.map((key) => [key, contents[key] ?? '']));
}
