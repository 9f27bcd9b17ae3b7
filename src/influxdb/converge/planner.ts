import type { MetaData } from '../../meta/records.js';
import {
  agree,
  emptyLedger,
  type Ledger,
  type Origin,
  observe,
  type ServerIdentity,
  settle,
} from '../ledger/ledger.js';
import { withOrderFindings } from '../orders/order-findings.js';
import { makePlan } from '../plan/make-plan.js';
import type { PasswordComparison } from '../plan/password-comparer.js';
import type { Finding, Plan, Step } from '../plan/plan.js';
import { snapshotFailure } from '../plan/snapshot-failure.js';
import type { Reading } from '../read/metadata-reader.js';
import { agreementsOf } from './agreements.js';
import type { ConvergenceParts } from './convergence-parts.js';

/** Both sides of a convergence, without items that are local to a server. */
export interface View {
  readonly wanted: MetaData;
  readonly present: MetaData;
  /** Local items that are in the cluster's metadata. */
  readonly shared: readonly Finding[];
  readonly server: ServerIdentity;
  readonly reading: Reading;
}

/** What is known of a server after both sides were compared. */
export interface Assessment {
  readonly ledger: Ledger;
  readonly comparison: PasswordComparison;
}

/** Compares a server, as it was read, with the cluster, and plans its changes. */
export class Planner {
  readonly #parts: ConvergenceParts;

  constructor(parts: ConvergenceParts) {
    this.#parts = parts;
  }

  /** Compares both sides: what the server has of the cluster, and which passwords are equal. */
  async assess(
    { wanted, present, server, reading }: View,
    origin: Origin,
    ledgerBefore: Ledger | undefined,
    done: readonly Step[],
  ): Promise<Assessment> {
    const { passwords } = this.#parts;
    const known = ledgerBefore ?? emptyLedger(server, origin);
    const observed = observe(known, { server, origin, wanted, present });
    const agreed = agree(observed, agreementsOf(done, wanted, present, reading.source));
    const comparison = await passwords.compare(wanted.users, present.users, agreed);
    return {
      ledger: settle(agree(agreed, comparison.agreements), wanted, present, reading.unread),
      comparison,
    };
  }

  async plan({ wanted, present, shared, reading }: View, { ledger, comparison }: Assessment): Promise<Plan> {
    const { drops, maxDrops } = this.#parts.settings;
    const plan = makePlan({
      wanted,
      present,
      unread: reading.unread,
      ledger,
      passwords: comparison.states,
      serverVersion: this.#parts.connection.serverVersion,
      account: this.#parts.connection.address.username,
      drops,
      maxDrops,
      confirmed: await this.#parts.store.confirmation(),
    });
    const withOrders = withOrderFindings(plan, { ledger, wanted, present, drops });
    const held = this.#parts.contests.hold({ ...withOrders, local: shared }, wanted);
    if (reading.source === 'snapshot') return held;
    return { ...held, snapshotFailure: snapshotFailure(reading.reason, held, present) };
  }

  viewOf(wanted: MetaData, reading: Reading): View {
    const { guard, local } = this.#parts;
    return {
      wanted: local.strip(wanted),
      present: local.strip(reading.metadata),
      shared: local.shared(wanted),
      server: guard.identify(reading),
      reading,
    };
  }
}
