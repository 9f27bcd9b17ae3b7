import type { Transport } from '../transport/transport.js';
import { withRetry } from '../transport/with-retry.js';
import type { ContractCheck } from './contract.js';
import type { Checks } from './transport-checks/bench.js';
import { callChecks } from './transport-checks/calls.js';
import { deltaChecks } from './transport-checks/deltas.js';
import { nodeChecks } from './transport-checks/nodes.js';
import { pollChecks } from './transport-checks/polls.js';
import { pushChecks } from './transport-checks/pushes.js';

/** A transport that is connected to its own, empty manager. */
export interface ConnectedTransport {
  readonly transport: Transport;
  /** Closes the manager and everything between it and the transport. */
  readonly close: () => Promise<void> | void;
}

const checks: Checks = {
  ...nodeChecks,
  ...pushChecks,
  ...pollChecks,
  ...deltaChecks,
  ...callChecks,
};

/**
 * The checks that every {@link Transport} must pass, for any test runner. Each check calls `connect` for its own transport and
 * manager; a transport without retries is checked within {@link withRetry}, as CfluxClient uses it.
 * @example
 * ```ts
 * import { describe, it } from 'vitest';
 *
 * const connect = () => {
 *   const manager = new Manager({ store: new MemoryStore() });
 *   return { transport: new LocalTransport(manager), close: () => manager.close() };
 * };
 * describe('LocalTransport', () => {
 *   for (const { name, run } of transportContract(connect)) it(name, run);
 * });
 * ```
 */
export function transportContract(
  connect: () => ConnectedTransport | Promise<ConnectedTransport>,
): readonly ContractCheck[] {
  return Object.entries(checks).map(([name, check]) => ({ name, run: () => runCheck(connect, check) }));
}

async function runCheck(
  connect: () => ConnectedTransport | Promise<ConnectedTransport>,
  check: (transport: Transport) => Promise<void>,
): Promise<void> {
  const { transport, close } = await connect();
  const used = transport.retries ? transport : withRetry(transport);
  try {
    await check(used);
  } finally {
    await used.close?.();
    await close();
  }
}
