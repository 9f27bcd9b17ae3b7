import { LocalMetaClient } from '../meta/local-meta-client.js';
import type { MetaClient } from '../meta/meta-client.js';
import { metaClientMethods } from '../meta/methods.js';
import type { MetaData } from '../meta/records.js';

/** One call of a mock's method. */
export interface MetaClientCall {
  readonly method: keyof MetaClient;
  readonly args: readonly unknown[];
}

/** A meta client in memory that remembers what was called; it can't `fork()`, as most clients can't. */
export interface MockMetaClient extends MetaClient {
  /** Every call so far, in order. */
  readonly calls: readonly MetaClientCall[];
}

/**
 * A meta client for tests: behaves as InfluxDB's own does, in memory, and records its calls.
 *
 * @param options `data`: what it begins with, default an empty store; `overrides`: methods of your own, e.g. one that fails
 *
 * @example
 * ```ts
 * const meta = mockMetaClient();
 * const client = new CfluxClient(meta, { transport: new LocalTransport(manager) });
 * await client.open();
 * await client.createDatabase('db0');
 * meta.calls.some(({ method }) => method === 'createDatabase'); // true
 * ```
 */
export function mockMetaClient(
  options: { data?: MetaData; overrides?: Partial<MetaClient> } = {},
): MockMetaClient {
  // The lowest cost that bcrypt takes: tests create users by the hundred.
  const store = new LocalMetaClient({ bcryptCost: 4, ...(options.data ? { data: options.data } : {}) });
  const calls: MetaClientCall[] = [];
  const mock: Record<string, unknown> = { calls };
  for (const method of Object.keys(metaClientMethods) as (keyof MetaClient)[]) {
    const target = options.overrides?.[method] ?? store[method];
    mock[method] = (...args: unknown[]) => {
      calls.push({ method, args });
      return Reflect.apply(target, store, args);
    };
  }
  return mock as unknown as MockMetaClient;
}
