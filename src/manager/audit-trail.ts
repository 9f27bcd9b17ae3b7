import type { DropsChange } from '../protocol/drop-orders.js';
import type { Activities } from './activity/activity.js';
import type { Audit, AuditEntry, Requester } from './audit.js';

/** A change without its requester. */
type Change = Omit<AuditEntry, 'remote' | 'author'>;

/** Records stored changes: for dashboards, and for the audit function of the owner. */
export class AuditTrail {
  readonly #activity: Activities;
  readonly #audit: Audit | undefined;

  constructor(activity: Activities, audit: Audit | undefined) {
    this.#activity = activity;
    this.#audit = audit;
  }

  record(change: Change, { remote, author }: Requester): void {
    const entry = {
      ...change,
      ...(remote === undefined ? {} : { remote }),
      ...(author === undefined ? {} : { author }),
    };
    this.#activity.add(entry);
    this.#audit?.(entry);
  }

  /** Records a push, and the drop orders that it made or revoked. */
  recordPush(
    push: Omit<Change, 'action' | 'drops'>,
    { orders, revoke, confirmed }: DropsChange,
    requester: Requester,
  ): void {
    this.record({ action: 'push', ...push }, requester);
    const action = confirmed ? 'confirm-drops' : 'order-drop';
    if (orders !== undefined) this.record({ action, ...push, drops: orders }, requester);
    if (revoke !== undefined)
      this.record({ action: 'revoke-drops', ...push, drops: revoke.items }, requester);
  }
}
