import type { ContractCheck } from './contract.js';
import { benchOf } from './meta-client-checks/bench.js';
import type { Checks, OpenMetaClient } from './meta-client-checks/check.js';
import { continuousQueryChecks } from './meta-client-checks/continuous-queries.js';
import { databaseChecks } from './meta-client-checks/databases.js';
import { retentionPolicyChecks } from './meta-client-checks/retention-policies.js';
import { retentionPolicyUpdateChecks } from './meta-client-checks/retention-policy-updates.js';
import { shardGroupChecks } from './meta-client-checks/shard-groups.js';
import { shardReadChecks } from './meta-client-checks/shard-reads.js';
import { subscriptionChecks } from './meta-client-checks/subscriptions.js';
import { userChecks } from './meta-client-checks/users.js';
import { wholeChecks } from './meta-client-checks/whole.js';

/** The meta client to check. */
export interface MetaClientSubject {
  /**
   * Returns an open client on its own empty store, a new one for each check. Its `createDatabase` must create the retention policy
   * `autogen`, the default of InfluxDB, and its clock must be approximately right.
   */
  open(): Promise<OpenMetaClient> | OpenMetaClient;
}

const checks: Checks = {
  ...databaseChecks,
  ...retentionPolicyChecks,
  ...retentionPolicyUpdateChecks,
  ...shardGroupChecks,
  ...shardReadChecks,
  ...userChecks,
  ...continuousQueryChecks,
  ...subscriptionChecks,
  ...wholeChecks,
};

/**
 * The checks that every `MetaClient` must pass: the operations of InfluxDB's own client (`services/meta`), with its results, its
 * exact error texts, and its effects. For your own client before it is wrapped; a CfluxClient passes if its wrapped client does.
 *
 * The index is not checked, because every store counts it for itself.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest';
 *
 * const open = () => ({ client: new LocalMetaClient({ bcryptCost: 4 }) });
 * describe('LocalMetaClient', () => {
 *   for (const { name, run } of metaClientContract({ open })) it(name, run);
 * });
 * ```
 */
export function metaClientContract(subject: MetaClientSubject): readonly ContractCheck[] {
  return Object.entries(checks).map(([name, check]) => ({
    name,
    async run() {
      const opened = await subject.open();
      try {
        await check(benchOf(opened));
      } finally {
        await opened.close?.();
      }
    },
  }));
}
