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

/** The meta client that is checked. */
export interface MetaClientSubject {
  /**
   * A client that is open, on an empty store of its own, a new one for each check. `createDatabase` makes the retention policy
   * `autogen`, as InfluxDB's does unless it is told not to; its clock tells about the right time.
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
 * What every `MetaClient` must do: the operations of InfluxDB's own (`services/meta`), with its results, its refusals to the
 * letter, and what they leave behind. For your own client before it is wrapped; a CfluxClient must pass as what it wraps does.
 *
 * It does not look at the index, which every store counts for itself.
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
