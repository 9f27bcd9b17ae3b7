import type { DatabaseInfo, MetaData, RetentionPolicyInfo } from '../../meta/records.js';
import { whyInexpressible } from '../statements/influxql.js';
import { firstByName } from './draft.js';
import type { Finding } from './plan.js';

/** The prefix of the subscriptions that Kapacitor creates for itself. */
export const usualPrefix = 'kapacitor-';

/**
 * Subscriptions that belong to a single server, identified by a name prefix. Kapacitor subscribes itself (`kapacitor-<id>`) with
 * an address that often means another machine on each host.
 */
export class LocalSubscriptions {
  readonly #prefix: string;
  /** By database record: versions of the metadata share the records of unchanged databases. */
  readonly #stripped = new WeakMap<DatabaseInfo, DatabaseInfo>();

  /** With an empty prefix, no subscription is local. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Returns `data` without local subscriptions. */
  strip(data: MetaData): MetaData {
    if (this.#prefix === '') return data;
    const databases = data.databases.map((database) => this.#strip(database));
    const isUnchanged = databases.every((database, at) => database === data.databases[at]);
    return isUnchanged ? data : { ...data, databases };
  }

  /** Returns local subscriptions that are in the cluster's metadata because an earlier version shared them. */
  shared(cluster: MetaData): Finding[] {
    return [...firstByName(cluster.databases).values()]
      .filter((database) => this.#strip(database) !== database)
      .flatMap((database) =>
        database.retentionPolicies.flatMap((policy) => this.#findings(database, policy)),
      );
  }

  #findings(
    { name: database }: DatabaseInfo,
    { name: policy, subscriptions }: RetentionPolicyInfo,
  ): Finding[] {
    return subscriptions.filter(this.isLocal).map(({ name }) => {
      const item = { kind: 'subscription', database, policy, name } as const;
      const reason =
        'in the cluster, but local to a server by its name and no longer mirrored: drop it on each server that it does not belong to';
      const isExpressible = [database, policy, name].every((text) => whyInexpressible(text) === undefined);
      return { item, reason, ...(isExpressible ? { action: { ...item, kind: 'dropSubscription' } } : {}) };
    });
  }

  #strip(database: DatabaseInfo): DatabaseInfo {
    const known = this.#stripped.get(database);
    if (known !== undefined) return known;
    const isAffected = database.retentionPolicies.some(({ subscriptions }) =>
      subscriptions.some(this.isLocal),
    );
    const stripped = isAffected
      ? { ...database, retentionPolicies: database.retentionPolicies.map(this.#stripPolicy) }
      : database;
    this.#stripped.set(database, stripped);
    return stripped;
  }

  readonly #stripPolicy = (policy: RetentionPolicyInfo): RetentionPolicyInfo => ({
    ...policy,
    subscriptions: policy.subscriptions.filter((subscription) => !this.isLocal(subscription)),
  });

  /** Returns whether a subscription of this name belongs to a single server. */
  readonly isLocal = ({ name }: { readonly name: string }): boolean =>
    this.#prefix !== '' && name.startsWith(this.#prefix);
}
