import { append, findByName, positionOf, removeAt } from '../named-list.js';
import type { MetaData } from '../records.js';
import { invalidSubscriptionUrl, subscriptionExists, subscriptionNotFound } from '../refusals.js';
import { isSubscriptionUrl } from '../subscription-url.js';
import { requireDatabase, withDatabase } from './database-lookup.js';
import { commit, type Outcome } from './outcome.js';
import { requirePolicy, withPolicy } from './retention-policies.js';

/** Unlike databases and policies, an existing subscription is refused, even if it is identical. */
export function createSubscription(
  data: MetaData,
  databaseName: string,
  policyName: string,
  name: string,
  mode: string,
  destinations: readonly string[],
): Outcome<undefined> {
  const invalid = destinations.find((destination) => !isSubscriptionUrl(destination));
  if (invalid !== undefined) throw invalidSubscriptionUrl(invalid);
  const database = requireDatabase(data, databaseName);
  const policy = requirePolicy(database, policyName);
  if (findByName(policy.subscriptions, name) !== undefined) throw subscriptionExists();
  const subscription = { name, mode, destinations: [...destinations] };
  const changed = { ...policy, subscriptions: append(policy.subscriptions, subscription) };
  return commit(data, { databases: withDatabase(data, withPolicy(database, policy, changed)) });
}

/** Unlike the other drops, it fails if the subscription does not exist. */
export function dropSubscription(
  data: MetaData,
  databaseName: string,
  policyName: string,
  name: string,
): Outcome<undefined> {
  const database = requireDatabase(data, databaseName);
  const policy = requirePolicy(database, policyName);
  const position = positionOf(policy.subscriptions, name);
  if (position < 0) throw subscriptionNotFound();
  const changed = { ...policy, subscriptions: removeAt(policy.subscriptions, position) };
  return commit(data, { databases: withDatabase(data, withPolicy(database, policy, changed)) });
}
