import assert from 'node:assert/strict';
import { names } from './bench.js';
import type { Checks } from './check.js';

const good = ['udp://h:1', 'HTTP://:80', 'https://u:p@h:443/x?y#z', 'http://[::1]:80'];
const bad = [
  '',
  'http://h',
  'http://h:',
  'tcp://h:1',
  'h:1',
  'http://h:abc',
  'http://::1:80',
  'http://h h:80',
];

export const subscriptionChecks: Checks = {
  async 'createSubscription keeps mode and destinations as they are, in order of creation'({ meta, policy }) {
    await meta.createDatabase('db');
    const subscriptions = [
      { name: 'b', mode: 'ALL', destinations: good },
      { name: 'a', mode: 'any mode', destinations: [] },
    ];
    for (const { name, mode, destinations } of subscriptions) {
      assert.equal(await meta.createSubscription('db', 'autogen', name, mode, destinations), undefined);
    }
    assert.deepEqual((await policy('db')).subscriptions, subscriptions);
  },

  async 'createSubscription checks the destinations, the database, the policy, and then the name'({
    meta,
    refuses,
  }) {
    await meta.createDatabase('db');
    const make = (database: string, policy: string, destinations: readonly string[]) => () =>
      meta.createSubscription(database, policy, 's', 'ALL', destinations);
    for (const url of bad) {
      const message = `invalid subscription URL: ${url}`;
      await refuses(make('nowhere', '', [...good, url, 'worse']), message, 'INVALID_SUBSCRIPTION_URL');
    }
    await refuses(make('nowhere', '', good), 'database not found: nowhere', 'DATABASE_NOT_FOUND');
    await refuses(make('db', '', good), 'retention policy not found: ', 'RETENTION_POLICY_NOT_FOUND');
    await make('db', 'autogen', good)();
    // Also when it is the same.
    await refuses(make('db', 'autogen', good), 'subscription already exists', 'SUBSCRIPTION_EXISTS');
  },

  async 'dropSubscription refuses a missing subscription'({ meta, refuses, policy }) {
    await meta.createDatabase('db');
    for (const name of ['a', 'b', 'c']) await meta.createSubscription('db', 'autogen', name, 'ALL', good);
    assert.equal(await meta.dropSubscription('db', 'autogen', 'a'), undefined);
    assert.deepEqual(names((await policy('db')).subscriptions), ['b', 'c']);
    const drop = (database: string, name: string) => () => meta.dropSubscription(database, name, 'a');
    await refuses(drop('nowhere', ''), 'database not found: nowhere', 'DATABASE_NOT_FOUND');
    await refuses(drop('db', ''), 'retention policy not found: ', 'RETENTION_POLICY_NOT_FOUND');
    await refuses(drop('db', 'autogen'), 'subscription not found', 'SUBSCRIPTION_NOT_FOUND');
  },

  async 'subscriptions belong to their policy'({ meta, policy }) {
    await meta.createDatabase('db');
    await meta.createRetentionPolicy('db', { name: 'second' }, false);
    for (const name of ['autogen', 'second']) await meta.createSubscription('db', name, 's', 'ANY', good);
    await meta.dropSubscription('db', 'second', 's');
    assert.deepEqual(names((await policy('db')).subscriptions), ['s']);
    assert.deepEqual((await policy('db', 'second')).subscriptions, []);
  },
};
