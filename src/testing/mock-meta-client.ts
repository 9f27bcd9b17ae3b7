import { LocalMetaClient } from '../meta/local-meta-client.js';
import type { MetaClient } from '../meta/meta-client.js';
import { metaClientMethods } from '../meta/methods.js';
import type { MetaData } from '../meta/records.js';

/** One call of a mock's method. */
export interface MetaClientCall {
  readonly method: keyof MetaClient;
  readonly args: readonly unknown[];
}

/** An in-memory meta client that records its calls; it has no `fork()`, like most clients. */
export interface MockMetaClient extends MetaClient {
  /** Every call so far, in order. */
  readonly calls: readonly MetaClientCall[];
}

/**
 * Creates an in-memory meta client for tests that behaves like InfluxDB's own and records its calls.
 *
 * @param options `data`: initial metadata, default empty; `overrides`: your own methods, for example one that fails
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
  // The lowest cost of bcrypt, because tests create hundreds of users.
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
